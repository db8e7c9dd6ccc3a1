package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.qemu.QemuAdapterConfig;
import org.dcmigrate.peer.guest.qemu.QemuGuest;
import org.dcmigrate.peer.guest.qemu.QemuTestVm;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.guest.qemu.SerialLog;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.machine.SourceState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Migrations of real virtual machines, unmodified QEMU at every end. Before each commit, with the
 * guest standing still at both ends, the shared memory files of source and destination are compared
 * byte by byte; the guest checks its own memory all the time and says so on its serial line.
 */
class QemuRedirectTest {
  /** 2,048 pages of content, 64 of them written again at every tick. */
  private static final String BUSY = "A=6144 D=64 H=10 V=512";

  /** It writes 4 MiB ten times a second: more than 50 ms let through at 16 MiB/s. */
  private static final String RESTLESS = "A=4096 D=1024 H=10 V=128";

  private static final DcmdConfig.Limits SLOW = new DcmdConfig.Limits(16L << 20, 16, 256, 0);

  private Path directory = Path.of("");
  private final List<String> comparisons = new ArrayList<>();
  private Optional<TestPeers> peers = Optional.empty();

  /** Socket paths are limited to 107 bytes, so not JUnit's directory. */
  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("dcm");
  }

  @AfterEach
  void nothingStays() throws IOException {
    try {
      // There are none where the machine lacks what the test needs.
      if (peers.isPresent()) {
        quitAll(peers.get());
      }
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  private static void quitGuests(TestPeers open, String name) {
    if (open.isUp(name)) {
      for (Guest guest : open.peer(name).guests().all()) {
        try {
          guest.recover(false).quit();
        } catch (DcmException gone) {
          // Gone already, as it should be where it left.
        }
      }
    }
  }

  @Test
  void plain() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      assertArrived(vm, migration, "b");
    }
  }

  @Test
  void redirectInMidBulk() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 10L << 20);
      redirect(migration, "c");
      MigrationView end = assertArrived(vm, migration, "c");
      assertThat(end.progress().contributorBytes()).isGreaterThan(4L << 20);
      assertThat(end.outcome().redirects()).isEqualTo(1);
    }
  }

  @Test
  void redirectInALaterPass() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, RESTLESS)) {
      MigrationId migration = migrate("b", Duration.ofMillis(50));
      all().await("a", migration, view -> view.progress().pass() >= 2);
      redirect(migration, "c");
      all().await("a", migration, view -> view.outcome().redirectedAtFraction() > 0.9);
      all().peer("a").egress().setBytesPerSecond(0);
      MigrationView end = assertArrived(vm, migration, "c");
      assertThat(end.progress().contributorBytes()).isGreaterThan(1L << 20);
    }
  }

  @Test
  void chainOfTwo() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 10L << 20);
      redirect(migration, "c");
      all().await("a", migration, view -> view.progress().contributorBytes() > 2L << 20);
      redirect(migration, "d");
      MigrationView end = assertArrived(vm, migration, "d");
      assertThat(end.outcome().redirects()).isEqualTo(2);
    }
  }

  @Test
  void backToTheFirst() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 10L << 20);
      redirect(migration, "c");
      all().await("a", migration, view -> view.progress().contributorBytes() > 2L << 20);
      redirect(migration, "b");
      assertArrived(vm, migration, "b");
    }
  }

  @Test
  void contributorLostInMidRelay() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 14L << 20);
      redirect(migration, "c");
      all().await("a", migration, view -> view.progress().contributorBytes() > 2L << 20);
      all().stop("b");
      assertArrived(vm, migration, "c");
    }
  }

  @Test
  void newDestinationLostThenRedirectedAgain() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 10L << 20);
      redirect(migration, "c");
      all().await("a", migration, view -> view.progress().contributorBytes() > 2L << 20);
      all().stop("c");
      all().await("a", migration, view -> view.state() instanceof SourceState.Parked);
      vm.serial().awaitTickAfter(vm.serial().lastTick());
      redirect(migration, "d");
      assertArrived(vm, migration, "d");
    }
  }

  @Test
  void destinationLostWhileTheLastPagesCome() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, RESTLESS)) {
      MigrationId migration = stoppedForMostOfItsLastPages(vm);
      all().stop("b");
      all().await("a", migration, view -> view.state() instanceof SourceState.Parked);
      vm.serial().awaitTickAfter(vm.serial().lastTick());
      all().peer("a").egress().setBytesPerSecond(0);
      redirect(migration, "c");
      assertArrived(vm, migration, "c");
    }
  }

  @Test
  void redirectWhileNobodyTakesTheLastPages() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE, RESTLESS)) {
      MigrationId migration = stoppedForMostOfItsLastPages(vm);
      // As good as nothing: the rest of the last pages would take hours.
      all().peer("a").egress().setBytesPerSecond(1);
      try (ServerSocket _ = all().mute("c")) {
        CompletableFuture<Void> redirect =
            CompletableFuture.runAsync(
                () ->
                    assertThatThrownBy(() -> redirect(migration, "c"))
                        .isInstanceOf(DcmException.class));
        all().await("a", migration, view -> view.state() instanceof SourceState.Redirecting);
        vm.serial().awaitTickAfter(vm.serial().lastTick());
        redirect.join();
      }
      all().peer("a").egress().setBytesPerSecond(0);
      assertArrived(vm, migration, "b");
    }
  }

  /**
   * A migration to b whose guest stands still, with seconds of pages to come. QEMU says and does
   * nothing while it writes them.
   */
  private MigrationId stoppedForMostOfItsLastPages(QemuTestVm vm) throws Exception {
    MigrationId migration = migrate("b", Duration.ofMillis(50));
    all().await("a", migration, view -> view.progress().pass() >= 2);
    // The last pages, 4 MiB or more, take 8 s at least.
    all().peer("a").egress().setBytesPerSecond(512 << 10);
    all().peer("a").migrations().limitDowntime(migration, Duration.ofSeconds(60));
    vm.serial().awaitSilence(Duration.ofSeconds(2));
    return migration;
  }

  @Test
  void cancel() throws Exception {
    try (QemuTestVm vm = churn(Shape.SHARED_FILE)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 6L << 20);
      MigrationView end = all().peer("a").migrations().cancel(migration);
      assertThat(end.owner()).contains(TestPeers.id("a"));
      vm.serial().awaitTickAfter(vm.serial().lastTick());
      vm.serial().assertSound();
      // Nothing stands in the way of the next one.
      assertArrived(vm, migrate("c"), "c");
    }
  }

  @Test
  void severalBlocksAndDevices() throws Exception {
    try (QemuTestVm vm = churn(Shape.NUMA_Q35)) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 10L << 20);
      redirect(migration, "c");
      assertArrived(vm, migration, "c");
    }
  }

  private void quitAll(TestPeers all) throws IOException {
    try (all) {
      for (String name : List.of("a", "b", "c", "d")) {
        quitGuests(all, name);
      }
    }
  }

  @Test
  void linuxGoesOnTicking() throws Exception {
    QemuTestVm started = QemuTestVm.linux(directory.resolve("vm"), Shape.LARGE);
    try (QemuTestVm vm = adopt(started, new DcmdConfig.Limits(64L << 20, 16, 256, 0))) {
      MigrationId migration = migrate("b");
      awaitSourceBytes(migration, 20L << 20);
      redirect(migration, "c");
      assertArrived(vm, migration, "c");
    }
  }

  private QemuTestVm churn(Shape shape) throws Exception {
    return churn(shape, BUSY);
  }

  private QemuTestVm churn(Shape shape, String options) throws Exception {
    return adopt(QemuTestVm.churn(directory.resolve("vm"), shape, options), SLOW);
  }

  private QemuTestVm adopt(QemuTestVm vm, DcmdConfig.Limits limits) throws Exception {
    List<DcmdConfig.QemuTemplate> templates = new ArrayList<>();
    for (QemuAdapterConfig.Template template : vm.adapterConfig().templates()) {
      templates.add(new DcmdConfig.QemuTemplate(template.guestName(), template.command()));
    }
    TransitionObserver observer =
        (migration, before, after) -> {
          if (after instanceof SourceState.Committing committing) {
            comparisons.add(compare(migration, all().name(committing.grant().to())));
          }
        };
    peers =
        Optional.of(TestPeers.start(directory, observer, limits, templates, "a", "b", "c", "d"));
    all().peer("a").guests().add(new QemuGuest(vm.guestConfig()));
    return vm;
  }

  /** Every memory file of the source with the file of the same block at the destination. */
  private String compare(MigrationId migration, String to) {
    Path home = all().runDirectory(to).resolve(migration.toString());
    try (Stream<Path> files = Files.list(directory.resolve("vm"))) {
      for (Path memory : files.filter(file -> !file.toString().contains(".log")).toList()) {
        if (Files.isRegularFile(memory) && !hasTwin(memory, home)) {
          return memory.getFileName() + " has no equal file at " + to;
        }
      }
      return "equal";
    } catch (IOException failed) {
      return failed.toString();
    }
  }

  private static boolean hasTwin(Path memory, Path home) throws IOException {
    try (Stream<Path> files = Files.list(home)) {
      for (Path file :
          files.filter(each -> each.getFileName().toString().startsWith("ram-")).toList()) {
        if (Files.size(file) == Files.size(memory) && Files.mismatch(file, memory) < 0) {
          return true;
        }
      }
    }
    return false;
  }

  private TestPeers all() {
    return peers.orElseThrow();
  }

  private MigrationId migrate(String to) throws Exception {
    return migrate(to, Duration.ofMillis(300));
  }

  private MigrationId migrate(String to, Duration downtime) throws Exception {
    return all().peer("a").migrations().migrate("vm", to, TestPeers.audited(downtime)).migration();
  }

  private void redirect(MigrationId migration, String to) throws Exception {
    all().peer("a").migrations().redirect(migration, to);
  }

  private void awaitSourceBytes(MigrationId migration, long bytes) throws Exception {
    all().await("a", migration, view -> view.progress().sourceBytes() > bytes);
  }

  private MigrationView assertArrived(QemuTestVm vm, MigrationId migration, String to)
      throws Exception {
    MigrationView end = all().awaitEnd("a", migration);
    assertThat(end.owner()).as(end.toString()).contains(TestPeers.id(to));
    assertThat(end.outcome().audit()).isEqualTo(MigrationView.Audit.IDENTICAL);
    assertThat(comparisons).isNotEmpty().allMatch("equal"::equals);
    long lastAtSource = vm.serial().lastTick();
    SerialLog arrived =
        new SerialLog(
            all().runDirectory(to).resolve(migration.toString()).resolve(QemuTestVm.SERIAL));
    arrived.awaitTickAfter(lastAtSource);
    arrived.assertSound();
    vm.serial().assertSound();
    return end;
  }
}
