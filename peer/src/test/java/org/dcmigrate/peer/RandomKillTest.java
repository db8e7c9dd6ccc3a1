package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.dcmigrate.peer.guest.qemu.QemuTestVm;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.guest.qemu.SerialLog;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One daemon of three, killed with SIGKILL at a moment that the seed decides, while a real VM is
 * redirected; then started again. Whatever the moment: the migration comes to an end with one
 * owner, one VM goes on, and its memory is sound. More seeds: {@code -Ddcm.kill.seeds=FIRST-LAST}.
 */
class RandomKillTest {
  private static final String BUSY = "A=6144 D=64 H=10 V=512";
  private static final List<String> NAMES = List.of("a", "b", "c");

  static LongStream seeds() {
    String[] range = System.getProperty("dcm.kill.seeds", "1-4").split("-", -1);
    return LongStream.rangeClosed(Long.parseLong(range[0]), Long.parseLong(range[1]));
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void endsWithOneOwner(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Path directory = Files.createTempDirectory("dcm");
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, BUSY);
        ProcessPeers peers = new ProcessPeers(directory, yaml(vm), "a", "b", "c")) {
      String migration = peers.migrate("a", "b");
      peers.await("a", migration, now -> now.getProgress().getSourceBytes() > 8L << 20);
      peers.redirect("a", migration, "c");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(2200)));
      String victim = NAMES.get(random.nextInt(NAMES.size()));
      peers.kill(victim);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(1500)));
      peers.start(victim);
      peers.awaitUp(victim);
      String owner = settle(peers, migration, victim);
      assertOneRuns(directory, vm, owner);
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  /** Brings the migration to its end as an operator would; gives the owner. */
  private static String settle(ProcessPeers peers, String migration, String victim)
      throws Exception {
    if (peers.migrations("a").listMigrations(list()).getMigrationsList().isEmpty()) {
      // It had ended before the source was killed, and the VM had left.
      assertThat(victim).isEqualTo("a");
      return "c";
    }
    Migration now =
        peers.await(
            "a",
            migration,
            seen -> seen.hasEndedAt() || seen.getState() == MigrationState.MIGRATION_STATE_PARKED);
    if (now.getState() == MigrationState.MIGRATION_STATE_PARKED) {
      peers.redirect("a", migration, "b");
      now = peers.await("a", migration, Migration::hasEndedAt);
    }
    assertThat(now.getOwner()).as(now.toString()).isIn(NAMES);
    return now.getOwner();
  }

  private static org.dcmigrate.v1.ListMigrationsRequest list() {
    return org.dcmigrate.v1.ListMigrationsRequest.getDefaultInstance();
  }

  private static void assertOneRuns(Path directory, QemuTestVm vm, String owner)
      throws IOException {
    Map<String, SerialLog> logs = new HashMap<>();
    logs.put("a", vm.serial());
    for (String name : List.of("b", "c")) {
      try (Stream<Path> homes = Files.list(directory.resolve(name))) {
        homes
            .map(home -> home.resolve(QemuTestVm.SERIAL))
            .filter(Files::exists)
            .forEach(file -> logs.put(name, new SerialLog(file)));
      }
    }
    assertThat(logs).containsKey(owner);
    Map<String, Long> before = new HashMap<>();
    logs.forEach((name, log) -> before.put(name, log.lastTick()));
    SerialLog owned = logs.getOrDefault(owner, vm.serial());
    owned.awaitTickAfter(owned.lastTick() + 2);
    List<String> running = new ArrayList<>();
    logs.forEach(
        (name, log) -> {
          log.assertSound();
          if (log.lastTick() > before.getOrDefault(name, -1L)) {
            running.add(name);
          }
        });
    assertThat(running).containsExactly(owner);
  }

  private static Map<String, String> yaml(QemuTestVm vm) {
    StringBuilder template = new StringBuilder("qemu:\n  templates:\n    - command:\n");
    vm.adapterConfig()
        .templates()
        .getFirst()
        .command()
        .forEach(word -> template.append("        - \"").append(word).append("\"\n"));
    String adopted =
        template
            + "guests: {qemu: [{name: vm, qmp: %s}]}\n".formatted(vm.guestConfig().qmpSocket());
    return Map.of("a", adopted, "b", template.toString(), "c", template.toString());
  }
}
