package org.dcmigrate.peer.guest.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole migrations of real virtual machines, from source to destination within one process. */
class QemuMigrationTest {
  private static final Duration LIMIT = Duration.ofMillis(300);
  private static final String CHECKED = "A=2048 D=64 H=5 V=512";

  @TempDir Path directory;

  @BeforeEach
  void requireQemu() {
    TestGuests.requireQemu();
  }

  @AfterEach
  void endReceivedGuests() {
    QemuProcess.kill(new QemuFiles(directory.resolve("home")));
    QemuProcess.kill(new QemuFiles(directory.resolve("home2")));
  }

  private QemuTestVm churn(Shape shape, String options) throws IOException {
    return QemuTestVm.churn(directory.resolve("vm"), shape, options);
  }

  private SerialLog arrived(String home) {
    return new SerialLog(directory.resolve(home).resolve(QemuTestVm.SERIAL));
  }

  @ParameterizedTest
  @EnumSource
  void guestArrivesWithItsMemory(Shape shape) throws Exception {
    String options = shape == Shape.TINY ? "A=512 D=16 H=5 V=64" : CHECKED;
    try (QemuTestVm vm = churn(shape, options)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      Guest there = migrate(guest, new QemuAdapter(vm.adapterConfig()), "home");
      assertEquals(Guest.State.RUNNING, there.info().state(), there.info().toString());
      assertFalse(vm.isAlive());
      assertChecksItself(arrived("home"));
    }
  }

  private Guest migrate(Guest guest, QemuAdapter adapter, String homeName) throws Exception {
    try (GuestSource source = guest.beginMigration(LIMIT);
        GuestHome home =
            GuestHome.open(directory.resolve(homeName), source.metadata().geometry())) {
      GuestShell shell = adapter.prepare("vm", source.metadata(), home);
      source.letStop();
      Event.Stopped stopped = new Pump(source, home).untilStopped();
      shell.load(stopped.deviceState());
      StoppedGuest sealed = source.seal();
      assertEquals(0, Pump.differences(sealed, home), "pages that differ");
      Guest there = ((GuestShell.Resumption.Done) shell.resume()).guest();
      sealed.quit();
      return there;
    }
  }

  private static void assertChecksItself(SerialLog serial) {
    serial.await(
        lines -> lines.stream().filter(line -> line.endsWith(" OK")).count() >= 2,
        "two complete checks of its memory");
    serial.assertSound();
  }

  @Test
  void pluggedMemoryCounts() throws Exception {
    try (QemuTestVm vm = churn(Shape.DIMM, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      assertEquals((80L << 20) + (128L << 10), guest.info().memoryBytes());
    }
  }

  @Test
  void guestMovesOnFromItsDestination() throws Exception {
    try (QemuTestVm vm = churn(Shape.NUMA_Q35, CHECKED)) {
      QemuAdapter adapter = new QemuAdapter(vm.adapterConfig());
      Guest second = migrate(new QemuGuest(vm.guestConfig()), adapter, "home");
      arrived("home").awaitTickAfter(vm.serial().lastTick());
      Guest third = migrate(second, adapter, "home2");
      assertFalse(Files.exists(directory.resolve("home")), "the first destination's files");
      assertEquals(Guest.State.RUNNING, third.info().state());
      assertChecksItself(arrived("home2"));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SHARED_FILE", "LARGE", "TINY"})
  void idleGuestIsHeldBack(Shape shape) throws Exception {
    // A tick each second and nothing else: it would stop at the end of the first pass.
    heldBack(shape, "A=512 D=0 H=100 V=0", 4);
  }

  @Test
  void busyGuestIsHeldBack() throws Exception {
    heldBack(Shape.SHARED_FILE, "A=1024 D=256 H=1 V=64", 200);
  }

  private void heldBack(Shape shape, String options, int ticks) throws Exception {
    try (QemuTestVm vm = churn(shape, options)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        GuestShell shell =
            new QemuAdapter(vm.adapterConfig()).prepare("vm", source.metadata(), home);
        Pump pump = new Pump(source, home);
        long until = vm.serial().lastTick() + ticks;
        pump.until(() -> vm.serial().lastTick() >= until);
        assertTrue(pump.idles() > 0, "it was never held back");
        assertEquals(Guest.State.RUNNING, guest.info().state());
        source.letStop();
        Event.Stopped stopped = pump.untilStopped();
        shell.load(stopped.deviceState());
        StoppedGuest sealed = source.seal();
        assertEquals(0, Pump.differences(sealed, home), "pages that differ");
        shell.resume();
        sealed.quit();
        arrived("home").awaitTickAfter(vm.serial().lastTick());
        arrived("home").assertSound();
      }
    }
  }

  @Test
  void leaveToStopCanBeTakenBack() throws Exception {
    // Never converges: more is written in a tick than 1 ms of downtime allows for.
    try (QemuTestVm vm = churn(Shape.LARGE, "A=1024 D=4096 H=1 V=16")) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(Duration.ofMillis(1));
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        Pump pump = new Pump(source, home);
        source.letStop();
        pump.until(() -> pump.passes() >= 2);
        source.holdBack();
        long until = vm.serial().lastTick() + 20;
        pump.until(() -> vm.serial().lastTick() >= until);
        source.holdBack();
        assertEquals(Guest.State.RUNNING, guest.info().state());
      }
      assertEquals(Guest.State.RUNNING, guest.info().state());
      vm.serial().awaitTicks(3);
      vm.serial().assertSound();
    }
  }

  @Test
  void guestThatItsOperatorPausesDoesNotWaitToBeRead() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, CHECKED)) {
      try (GuestSource source = new QemuGuest(vm.guestConfig()).beginMigration(LIMIT);
          Qmp operator = Qmp.connect(vm.operatorSocket(), event -> {})) {
        operator.execute("stop");
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        // It may look so until QEMU has said who stopped it.
        for (int times = 0; times < 100; times++) {
          if (source.standsStillUnread()) {
            times = 0;
          }
          assertTrue(System.nanoTime() < deadlineNs, "still to be read");
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
      }
    }
  }

  @Test
  void stoppedGuestRunsOnAndIsMigratedAnew() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        Pump pump = new Pump(source, home);
        source.letStop();
        pump.untilStopped();
        source.resume();
        long before = pump.pages();
        vm.serial().awaitTicks(10);
        GuestShell shell =
            new QemuAdapter(vm.adapterConfig()).prepare("vm", source.metadata(), home);
        source.letStop();
        Event.Stopped stopped = pump.untilStopped();
        assertTrue(pump.pages() - before >= home.geometry().totalPages(), "all pages came again");
        shell.load(stopped.deviceState());
        StoppedGuest sealed = source.seal();
        assertEquals(0, Pump.differences(sealed, home), "pages that differ");
        shell.resume();
        sealed.quit();
        assertChecksItself(arrived("home"));
      }
    }
  }

  @Test
  void givenGuestCanBeTakenBack() throws Exception {
    try (QemuTestVm vm = churn(Shape.PRIVATE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        source.letStop();
        new Pump(source, home).untilStopped();
        StoppedGuest sealed = source.seal();
        assertEquals(Guest.State.PAUSED, guest.info().state());
        sealed.resume();
      }
      assertEquals(Guest.State.RUNNING, guest.info().state());
      vm.serial().awaitTicks(10);
      vm.serial().assertSound();
      assertChecksItself(afterMigration(guest, vm));
    }
  }

  @Test
  void givenGuestWhoseProcessEndsIsKnownToBeLost() throws Exception {
    try (QemuTestVm vm = churn(Shape.PRIVATE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        source.letStop();
        new Pump(source, home).untilStopped();
        StoppedGuest sealed = source.seal();
        assertTrue(sealed.isThere());
        vm.kill();
        assertFalse(sealed.isThere());
        sealed.quit();
      }
    }
  }

  private SerialLog afterMigration(Guest guest, QemuTestVm vm) throws Exception {
    migrate(guest, new QemuAdapter(vm.adapterConfig()), "home");
    return arrived("home");
  }

  @Test
  void destinationThatCannotLoadLeavesTheGuestAtItsSource() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        GuestShell shell =
            new QemuAdapter(vm.adapterConfig()).prepare("vm", source.metadata(), home);
        source.letStop();
        byte[] state = new Pump(source, home).untilStopped().deviceState();
        state[3] ^= 0x55;
        DcmException refused = assertThrows(DcmException.class, () -> shell.load(state));
        assertEquals(Reason.GUEST_FAILED, refused.reason());
        assertTrue(refused.sentence().contains("qemu-system"), refused.sentence());
        shell.discard();
        shell.discard();
        source.resume();
        vm.serial().awaitTicks(5);
      }
      vm.serial().awaitTicks(5);
      vm.serial().assertSound();
      assertEquals(Guest.State.RUNNING, guest.info().state());
    }
  }

  @Test
  void otherMachineIsRefusedBeforeAnythingIsSent() throws Exception {
    try (QemuTestVm vm = churn(Shape.NUMA_Q35, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        QemuAdapterConfig.Template good = vm.adapterConfig().templates().getFirst();
        assertIncompatible(source, home, good, "-M q35", "-M pc-q35-7.1", "machine type");
        assertIncompatible(source, home, good, "-device VGA ", "", "RAM block");
        assertIncompatible(source, home, good, "virtio-rng-pci", "virtio-balloon-pci", "PCI");
        assertIncompatible(source, home, good, "-smp 2", "-smp 2 -cpu max", "CPUs");
        assertIncompatible(source, home, good, "-smp 2", "-smp 2 -cpu qemu64,-sse3", "features");
      }
      vm.serial().awaitTicks(2);
    }
  }

  private static void assertIncompatible(
      GuestSource source,
      GuestHome home,
      QemuAdapterConfig.Template good,
      String part,
      String changed,
      String named) {
    String command = String.join(" ", good.command());
    // The guest's own options have spaces of their own.
    String options = command.substring(command.indexOf("-append"), command.indexOf("-nodefaults"));
    String other = command.replace(options, "").replace(part, changed);
    QemuAdapter adapter =
        new QemuAdapter(
            new QemuAdapterConfig(
                List.of(new QemuAdapterConfig.Template("*", List.of(other.split(" ")))),
                QemuTestVm.SET_UP));
    DcmException refused =
        assertThrows(
            DcmException.class, () -> adapter.prepare("vm", source.metadata(), home), changed);
    assertEquals(Reason.GUEST_INCOMPATIBLE, refused.reason(), refused.sentence());
    assertTrue(refused.sentence().contains(named), refused.sentence());
    assertFalse(Files.exists(home.directory().resolve("qmp.sock")));
  }

  @Test
  void endedMigrationLeavesTheGuestRunning() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT)) {
        DcmException busy = assertThrows(DcmException.class, () -> guest.beginMigration(LIMIT));
        assertEquals(Reason.GUEST_BUSY, busy.reason());
        source.next(Duration.ofMillis(10));
      }
      vm.serial().awaitTicks(3);
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        source.letStop();
        new Pump(source, home).untilStopped();
      }
      vm.serial().awaitTicks(3);
      vm.serial().assertSound();
      assertEquals(Guest.State.RUNNING, guest.info().state());
    }
  }

  @Test
  void deathOfQemuIsToldAtOnce() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home =
              GuestHome.open(directory.resolve("home"), source.metadata().geometry())) {
        Pump pump = new Pump(source, home);
        pump.until(() -> pump.idles() > 0);
        vm.kill();
        DcmException failed = assertThrows(DcmException.class, () -> pump.until(() -> false));
        assertEquals(Reason.GUEST_FAILED, failed.reason());
      }
      assertEquals(Guest.State.UNREACHABLE, guest.info().state());
    }
  }
}
