package org.dcmigrate.peer.guest.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Restarts of a peer, paused guests, and what is refused, with real virtual machines. */
class QemuRecoveryTest {
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
  }

  private GuestHome home(GuestSource source) throws DcmException {
    return GuestHome.open(directory.resolve("home"), source.metadata().geometry());
  }

  private SerialLog arrived() {
    return new SerialLog(directory.resolve("home").resolve(QemuTestVm.SERIAL));
  }

  private static void tell(QemuTestVm vm, String command) throws DcmException {
    tell(vm.guestConfig().qmpSocket(), command);
  }

  private static void tell(Path socket, String command) throws DcmException {
    try (Qmp qmp = Qmp.connect(socket, event -> {})) {
      qmp.execute(command);
    }
  }

  @Test
  void pausedGuestStaysPausedUntilItsOperatorLetsItRun() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, CHECKED)) {
      tell(vm, "stop");
      long last = vm.serial().lastTick();
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home = home(source)) {
        GuestShell shell =
            new QemuAdapter(vm.adapterConfig()).prepare("vm", source.metadata(), home);
        Pump pump = new Pump(source, home);
        pump.until(() -> pump.idles() > 0);
        source.letStop();
        pump.untilStopped();
        source.resume();
        pump.until(() -> pump.idles() > 1);
        assertFalse(source.standsStillUnread());
        source.holdBack();
        assertFalse(source.standsStillUnread());
        source.letStop();
        Event.Stopped stopped = pump.untilStopped();
        assertTrue(pump.pages() >= 2 * home.geometry().totalPages(), "all pages came twice");
        shell.load(stopped.deviceState());
        StoppedGuest sealed = source.seal();
        assertEquals(0, Pump.differences(sealed, home), "pages that differ");
        Guest there = ((GuestShell.Resumption.Done) shell.resume()).guest();
        sealed.quit();
        assertEquals(Guest.State.PAUSED, there.info().state());
        assertEquals(last, vm.serial().lastTick());
        // A restart of the peer is no reason to let it run; its operator is.
        Path socket = directory.resolve("home/qmp.sock");
        new QemuGuest(new QemuGuestConfig("vm", socket, Map.of(), QemuTestVm.SET_UP))
            .recover(false)
            .resume();
        assertEquals(Guest.State.PAUSED, there.info().state());
        tell(socket, "cont");
        arrived().awaitTickAfter(last);
        arrived().assertSound();
      }
    }
  }

  @Test
  void guestThatWasPausedBeforeStaysSoWhenARestartedSourceTakesItBack() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.PRIVATE, CHECKED)) {
      tell(vm, "stop");
      long last = vm.serial().lastTick();
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home = home(source)) {
        source.letStop();
        assertFalse(new Pump(source, home).untilStopped().ran());
        source.seal();
        // The peer dies here, and is told at its restart what its journal has.
        new QemuGuest(vm.guestConfig()).recover(true).resume();
        assertEquals(Guest.State.PAUSED, new QemuGuest(vm.guestConfig()).info().state());
        assertEquals(last, vm.serial().lastTick());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SHARED_FILE", "PRIVATE", "NUMA_Q35"})
  void pagesReadAgainAreThoseThatCame(Shape shape) throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), shape, "A=2048 D=0 H=50 V=0")) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home = home(source);
          Arena arena = Arena.ofConfined()) {
        Pump pump = new Pump(source, home);
        pump.until(() -> pump.idles() > 0);
        // The static pages of the guest begin at 2 MiB; some are among those that came.
        MemorySegment again = arena.allocate(64L * Geometry.PAGE_BYTES);
        source.read(0, 512, 64, again);
        MemorySegment came = home.memory(0).asSlice(512L * Geometry.PAGE_BYTES, again.byteSize());
        assertEquals(-1, again.mismatch(came));
        assertThrows(DcmException.class, () -> source.read(0, 1L << 40, 1, again));
      }
      vm.serial().awaitTicks(2);
    }
  }

  @Test
  void restartedSourceFindsItsGuest() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.PRIVATE, CHECKED)) {
      try (GuestSource source = new QemuGuest(vm.guestConfig()).beginMigration(LIMIT);
          GuestHome home = home(source)) {
        source.letStop();
        new Pump(source, home).untilStopped();
        source.seal();
        StoppedGuest found = new QemuGuest(vm.guestConfig()).recover(false);
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment page = arena.allocate(Geometry.PAGE_BYTES);
          found.read(0, 600, 1, page);
          MemorySegment held = home.memory(0).asSlice(600L * Geometry.PAGE_BYTES, 4096);
          assertEquals(-1, page.mismatch(held));
        }
        found.resume();
        vm.serial().awaitTicks(3);
      }
      StoppedGuest found = new QemuGuest(vm.guestConfig()).recover(false);
      found.resume();
      found.quit();
      assertFalse(vm.isAlive());
      vm.serial().assertSound();
    }
  }

  @Test
  void guestThatWasTakenBackIsMigratedAgain() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      StoppedGuest sealed;
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home = home(source)) {
        source.letStop();
        new Pump(source, home).untilStopped();
        sealed = source.seal();
      }
      sealed.resume();
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home = home(source)) {
        source.letStop();
        new Pump(source, home).untilStopped();
        source.seal().resume();
      }
      vm.serial().awaitTicks(3);
      vm.serial().assertSound();
    }
  }

  @Test
  void restartedDestinationFindsItsGuestOrEndsWhatIsLeft() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, CHECKED)) {
      QemuAdapter adapter = new QemuAdapter(vm.adapterConfig());
      try (GuestSource source = new QemuGuest(vm.guestConfig()).beginMigration(LIMIT);
          GuestHome home = home(source)) {
        GuestShell orphan = adapter.prepare("vm", source.metadata(), home);
        adapter.discardOrphan(home);
        assertTrue(QemuProcess.find(new QemuFiles(home.directory())).isEmpty());
        orphan.discard();
        assertThrows(DcmException.class, () -> adapter.recover("vm", home, true));

        QemuShell shell = (QemuShell) adapter.prepare("vm", source.metadata(), home);
        source.letStop();
        shell.load(new Pump(source, home).untilStopped().deviceState());
        StoppedGuest sealed = source.seal();
        // The peer dies here: its connections end, and QEMU lives on.
        shell.abandon();
        Guest found = adapter.recover("vm", home, true);
        sealed.quit();
        assertEquals(Guest.State.RUNNING, found.info().state());
        arrived().awaitTickAfter(vm.serial().lastTick());
        // It has been set running once; whether it runs on is its operator's matter.
        tell(directory.resolve("home/qmp.sock"), "stop");
        assertEquals(Guest.State.PAUSED, adapter.recover("vm", home, true).info().state());
        tell(directory.resolve("home/qmp.sock"), "cont");
        // A migration away that has come to nothing, and whose end was not heard of.
        try (GuestSource away = found.beginMigration(LIMIT);
            GuestHome none = home(away)) {
          away.letStop();
          new Pump(away, none).untilStopped();
          away.seal();
        }
        assertEquals(Guest.State.RUNNING, adapter.recover("vm", home, true).info().state());
        found.recover(false).quit();
        assertTrue(QemuProcess.find(new QemuFiles(home.directory())).isEmpty());
      }
    }
  }

  @Test
  void migrationEndsWhileAnotherThreadWaitsForPages() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      GuestSource source = guest.beginMigration(LIMIT);
      CompletableFuture<DcmException> ended = new CompletableFuture<>();
      Thread reader =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (true) {
                        source.next(Duration.ofSeconds(30));
                      }
                    } catch (DcmException expected) {
                      ended.complete(expected);
                    }
                  });
      source.close();
      source.close();
      assertEquals(Reason.GUEST_FAILED, ended.get(10, TimeUnit.SECONDS).reason());
      reader.join();
      assertEquals(Guest.State.RUNNING, guest.info().state());
      vm.serial().awaitTicks(3);
    }
  }

  @Test
  void whatCannotBeMigratedIsRefusedAndLeftAlone() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, CHECKED)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (Qmp qmp = Qmp.connect(vm.guestConfig().qmpSocket(), event -> {})) {
        MigrationSettings.setCapabilities(qmp, Map.of("dirty-bitmaps", true, "xbzrle", true));
      }
      DcmException refused = assertThrows(DcmException.class, () -> guest.beginMigration(LIMIT));
      assertEquals(Reason.GUEST_UNSUPPORTED, refused.reason());
      assertTrue(refused.sentence().contains("dirty-bitmaps"), refused.sentence());
      try (Qmp qmp = Qmp.connect(vm.guestConfig().qmpSocket(), event -> {})) {
        MigrationSettings.setCapabilities(qmp, Map.of("dirty-bitmaps", false));
      }
      guest.beginMigration(LIMIT).close();
      try (Qmp qmp = Qmp.connect(vm.guestConfig().qmpSocket(), event -> {})) {
        Map<String, Boolean> after = MigrationSettings.capabilities(qmp);
        assertEquals(true, after.get("xbzrle"), "the operator's setting came back");
        assertEquals(false, after.get("return-path"));
      }
      vm.serial().awaitTicks(2);
    }
  }

  @Test
  void templateWithoutMemoryFileIsRefused() throws Exception {
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.PRIVATE, CHECKED);
        GuestSource source = new QemuGuest(vm.guestConfig()).beginMigration(LIMIT);
        GuestHome home = home(source)) {
      List<String> command = List.of("qemu-system-x86_64", "-m", "${kib:pc.ram}K");
      QemuAdapter adapter =
          new QemuAdapter(
              new QemuAdapterConfig(
                  List.of(new QemuAdapterConfig.Template("v*", command)), QemuTestVm.SET_UP));
      DcmException refused =
          assertThrows(DcmException.class, () -> adapter.prepare("vm", source.metadata(), home));
      assertEquals(Reason.GUEST_UNSUPPORTED, refused.reason());
      assertTrue(refused.sentence().contains("${ram:pc.ram}"), refused.sentence());
      assertEquals(
          Reason.GUEST_UNSUPPORTED,
          assertThrows(DcmException.class, () -> adapter.prepare("other", source.metadata(), home))
              .reason());
    }
  }

  @Test
  void linuxArrives() throws Exception {
    TestGuests.linuxKernel();
    try (QemuTestVm vm = QemuTestVm.linux(directory.resolve("vm"), Shape.LARGE)) {
      QemuGuest guest = new QemuGuest(vm.guestConfig());
      try (GuestSource source = guest.beginMigration(LIMIT);
          GuestHome home = home(source)) {
        GuestShell shell =
            new QemuAdapter(vm.adapterConfig()).prepare("vm", source.metadata(), home);
        Pump pump = new Pump(source, home);
        long until = vm.serial().lastTick() + 10;
        pump.until(() -> vm.serial().lastTick() >= until);
        source.letStop();
        Event.Stopped stopped = pump.untilStopped();
        shell.load(stopped.deviceState());
        StoppedGuest sealed = source.seal();
        assertEquals(0, Pump.differences(sealed, home), "pages that differ");
        long last = vm.serial().lastTick();
        shell.resume();
        sealed.quit();
        arrived().awaitTickAfter(last + 5);
      }
    }
  }
}
