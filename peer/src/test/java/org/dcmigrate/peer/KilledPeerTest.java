package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dcmigrate.peer.guest.qemu.QemuTestVm;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.guest.qemu.SerialLog;
import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Daemons killed with SIGKILL in the middle of a redirect of a real virtual machine. */
class KilledPeerTest {
  private static final String BUSY = "A=6144 D=64 H=10 V=512";

  private Path directory = Path.of("");

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory("dcm");
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  @Test
  void sourceKilledInMidRelayLeavesTheVmRunning() throws Exception {
    try (QemuTestVm vm = vm();
        ProcessPeers peers = peers(vm, "a", "b", "c")) {
      String migration = redirectedInMidBulk(peers);
      peers.kill("a");
      vm.serial().awaitTickAfter(vm.serial().lastTick());
      peers.start("a");
      peers.awaitUp("a");
      Migration ended = peers.await("a", migration, Migration::hasEndedAt);
      assertThat(ended.getState()).isEqualTo(MigrationState.MIGRATION_STATE_FAILED);
      assertThat(ended.getFailureReason()).isEqualTo("SOURCE_RESTARTED");
      assertThat(ended.getOwner()).isEqualTo("a");
      vm.serial().awaitTickAfter(vm.serial().lastTick());
      awaitNothingHeld(peers, "b");
      awaitNothingHeld(peers, "c");
      assertArrived(peers, vm, "a", peers.migrate("a", "c"), "c");
    }
  }

  @Test
  void contributorKilledInMidRelay() throws Exception {
    try (QemuTestVm vm = vm();
        ProcessPeers peers = peers(vm, "a", "b", "c")) {
      String migration = redirectedInMidBulk(peers);
      peers.kill("b");
      assertArrived(peers, vm, "a", migration, "c");
      peers.start("b");
      peers.awaitUp("b");
      awaitNothingHeld(peers, "b");
    }
  }

  @Test
  void newDestinationKilledThenRedirectedBack() throws Exception {
    try (QemuTestVm vm = vm();
        ProcessPeers peers = peers(vm, "a", "b", "c")) {
      String migration = redirectedInMidBulk(peers);
      peers.kill("c");
      Migration parked =
          peers.await(
              "a", migration, now -> now.getState() == MigrationState.MIGRATION_STATE_PARKED);
      assertThat(parked.getOwner()).isEqualTo("a");
      vm.serial().awaitTickAfter(vm.serial().lastTick());
      peers.redirect("a", migration, "b");
      assertArrived(peers, vm, "a", migration, "b");
      peers.start("c");
      peers.awaitUp("c");
      awaitNothingHeld(peers, "c");
    }
  }

  @Test
  void ownerKilledAfterTheCommitFindsItsVmAgain() throws Exception {
    try (QemuTestVm vm = vm();
        ProcessPeers peers = peers(vm, "a", "b", "c")) {
      String migration = peers.migrate("a", "b");
      SerialLog arrived = assertArrived(peers, vm, "a", migration, "b");
      peers.kill("b");
      arrived.awaitTickAfter(arrived.lastTick());
      peers.start("b");
      peers.awaitUp("b");
      Guest found = awaitGuest(peers, "b");
      assertThat(found.getState()).isEqualTo(GuestState.GUEST_STATE_RUNNING);
      arrived.awaitTickAfter(arrived.lastTick());
      // It is a guest like any other: it can move on, and a restart does not look for it again.
      assertArrived(peers, vm, "b", peers.migrate("b", "c"), "c");
      peers.kill("b");
      peers.start("b");
      peers.awaitUp("b");
      assertThat(peers.guests("b")).isEmpty();
    }
  }

  private QemuTestVm vm() throws IOException {
    return QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, BUSY);
  }

  private ProcessPeers peers(QemuTestVm vm, String... names) throws Exception {
    StringBuilder template = new StringBuilder("qemu:\n  templates:\n    - command:\n");
    vm.adapterConfig()
        .templates()
        .getFirst()
        .command()
        .forEach(word -> template.append("        - \"").append(word).append("\"\n"));
    Map<String, String> yaml = new HashMap<>();
    for (String name : names) {
      yaml.put(name, template.toString());
    }
    yaml.merge(
        "a",
        "guests: {qemu: [{name: vm, qmp: %s}]}\n".formatted(vm.guestConfig().qmpSocket()),
        String::concat);
    return new ProcessPeers(directory, yaml, names);
  }

  private static String redirectedInMidBulk(ProcessPeers peers) throws Exception {
    String migration = peers.migrate("a", "b");
    peers.await("a", migration, now -> now.getProgress().getSourceBytes() > 10L << 20);
    peers.redirect("a", migration, "c");
    peers.await("a", migration, now -> now.getProgress().getContributorBytes() > 2L << 20);
    return migration;
  }

  private static SerialLog assertArrived(
      ProcessPeers peers, QemuTestVm vm, String from, String migration, String to)
      throws Exception {
    Migration end = peers.await(from, migration, Migration::hasEndedAt);
    assertThat(end.getState())
        .as(end.toString())
        .isEqualTo(MigrationState.MIGRATION_STATE_COMPLETED);
    assertThat(end.getOwner()).isEqualTo(to);
    assertThat(end.getOutcome().getAudit()).isEqualTo(Audit.AUDIT_IDENTICAL);
    SerialLog arrived =
        new SerialLog(peers.runDirectory(to).resolve(migration).resolve(QemuTestVm.SERIAL));
    arrived.awaitTickAfter(vm.serial().lastTick());
    arrived.assertSound();
    vm.serial().assertSound();
    return arrived;
  }

  private static Guest awaitGuest(ProcessPeers peers, String at) {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    List<Guest> guests = peers.guests(at);
    while (guests.isEmpty() && System.nanoTime() < deadlineNs) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      guests = peers.guests(at);
    }
    assertThat(guests).hasSize(1);
    return guests.getFirst();
  }

  private static void awaitNothingHeld(ProcessPeers peers, String at) throws IOException {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < deadlineNs) {
      try (Stream<Path> homes = Files.list(peers.runDirectory(at))) {
        if (homes.findAny().isEmpty()) {
          return;
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
    throw new AssertionError(at + " still holds something:\n" + peers.log(at));
  }
}
