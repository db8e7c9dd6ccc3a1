package org.dcmigrate.peer.guest.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens when QEMU takes longer to set a migration up than it may. */
class QemuSetUpTest {
  private static final Duration LIMIT = Duration.ofMillis(300);

  @TempDir Path directory;

  @Test
  void guestMigratesAfterASetUpThatTookTooLong() throws Exception {
    TestGuests.requireQemu();
    try (QemuTestVm vm = QemuTestVm.churn(directory, Shape.LARGE, "A=2048 D=64 H=5 V=512")) {
      QemuGuest guest = new QemuGuest(vm.guestConfig(Duration.ofNanos(1)));
      DcmException late = refusal(guest);
      assertThat(late.reason()).isEqualTo(Reason.GUEST_FAILED);
      assertThat(late.sentence()).contains("raise timeouts.guestSetUp").contains("256 KiB");
      assertThat(guest.info().state()).isEqualTo(Guest.State.RUNNING);
      // Nothing of the attempt is left, in QEMU neither.
      assertThat(refusal(guest).reason()).isEqualTo(Reason.GUEST_FAILED);
      QemuGuest patient = new QemuGuest(vm.guestConfig());
      try (GuestSource source = patient.beginMigration(LIMIT)) {
        assertThat(source.metadata().geometry().totalBytes()).isGreaterThan(512L << 20);
      }
      vm.serial().awaitTicks(3);
      vm.serial().assertSound();
    }
  }

  @Test
  void anAttemptThatQemuHasNotGotOverIsNamedAsThisPeersOwn() throws Exception {
    QemuGuest guest =
        new QemuGuest(
            new QemuGuestConfig("vm", directory.resolve("none"), Map.of(), Duration.ofSeconds(1)));
    CountDownLatch over = new CountDownLatch(1);
    CountDownLatch free = new CountDownLatch(1);
    guest.windDown(
        () -> {
          try {
            over.await();
          } catch (InterruptedException never) {
            Thread.currentThread().interrupt();
          }
          free.countDown();
        },
        Duration.ofMillis(10));
    DcmException busy = refusal(guest);
    assertThat(busy.reason()).isEqualTo(Reason.GUEST_BUSY);
    assertThat(busy.sentence())
        .contains("this peer's last attempt")
        .contains("try again in a while")
        .contains("timeouts.guestSetUp");
    assertThat(guest.info().state()).isEqualTo(Guest.State.UNREACHABLE);
    assertThat(guest.info().details().get("error")).contains("still ending an attempt");
    over.countDown();
    free.await();
    while (guest.windsDown()) {
      Thread.onSpinWait();
    }
    assertThat(refusal(guest).sentence()).contains("cannot connect to QEMU's monitor");
  }

  private static DcmException refusal(QemuGuest guest) {
    DcmException refused =
        catchThrowableOfType(DcmException.class, () -> guest.beginMigration(LIMIT).close());
    assertThat(refused).isNotNull();
    return refused;
  }
}
