package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.dcmigrate.peer.CrashPoint.Way;
import org.dcmigrate.peer.guest.qemu.QemuTestVm;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.peer.guest.qemu.SerialLog;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListMigrationsRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;

/**
 * One crash point on three daemons and a real VM, with an operator who redirects a parked migration
 * to a peer that lives. Whatever the point: nobody but one ever runs the VM, its memory is sound,
 * the migration comes to its end in time, and nobody else keeps anything.
 */
final class CrashRun {
  /**
   * What came of it.
   *
   * @param outcome of the migration, as its source says, or that it never began
   * @param before whether it had ended before the victim was back
   * @param seconds from the return to the end
   */
  record Result(String outcome, String owner, boolean before, double seconds) {}

  private static final long SENT = 6L << 20;
  private static final String BUSY = "A=4096 D=64 H=10 V=512";
  private static final List<String> NAMES = List.of("a", "b", "c");
  private static final int LOG_LINES = 40;
  private static final long LIMIT_S = 10;
  private static final long OTHERS_S = 12;

  private final CrashPoint point;
  private final Path directory;
  private final QemuTestVm vm;
  private final CuttableLinks links;
  private final ProcessPeers peers;

  private CrashRun(
      CrashPoint point, Path directory, QemuTestVm vm, CuttableLinks links, ProcessPeers peers) {
    this.point = point;
    this.directory = directory;
    this.vm = vm;
    this.links = links;
    this.peers = peers;
  }

  /** Runs it; fails with the invariant that does not hold. */
  static Result of(CrashPoint point) throws Exception {
    Path directory = Files.createTempDirectory("dcm");
    try (QemuTestVm vm = QemuTestVm.churn(directory.resolve("vm"), Shape.SHARED_FILE, BUSY);
        CuttableLinks links = new CuttableLinks();
        ProcessPeers peers =
            new ProcessPeers(directory, yaml(vm), point.troubles(), links, "a", "b", "c")) {
      CrashRun run = new CrashRun(point, directory, vm, links, peers);
      try {
        return run.run();
      } catch (AssertionError broken) {
        throw new AssertionError(point + ": " + broken.getMessage() + run.logs(), broken);
      }
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  private Result run() throws Exception {
    begin();
    awaitTrouble();
    point.cut().ifPresent(this::cut);
    if (point.trouble().kind() == Trouble.Kind.HOLD) {
      Files.delete(peers.sign(point.victim()));
    }
    if (point.late()) {
      letOthersGoOn();
    }
    boolean before = hasEnded();
    comeBack();
    long backNs = System.nanoTime();
    awaitUntil("the migration ends after the return", LIMIT_S, this::settled);
    double seconds = (System.nanoTime() - backNs) / 1e9;
    String outcome = outcome();
    if (point.way() == Way.BALLOT) {
      peers.start("b");
      peers.awaitUp("b");
    }
    String owner = owner();
    assertThat(owner).as("owner").isIn(point.owners());
    assertOneRuns(owner);
    assertNothingIsLeftBut(owner);
    return new Result(outcome, owner, before, before ? 0 : seconds);
  }

  private void awaitTrouble() {
    switch (point.trouble().kind()) {
      case KILL -> {
        awaitSign();
        awaitUntil("the victim is dead", 10, () -> !peers.isAlive(point.victim()));
      }
      case STOP, HOLD -> awaitSign();
      case NONE -> {
        boolean relay = point.trouble().record().equals(CrashPoint.RELAY);
        awaitUntil("pages flow", 40, () -> relay ? isRelaying() : hasSent());
      }
    }
  }

  private void awaitSign() {
    awaitUntil("the trouble comes", 40, () -> Files.exists(peers.sign(point.victim())));
  }

  /** In the middle of memory, so that what follows is still a transfer. */
  private boolean hasSent() {
    return look().stream().anyMatch(now -> now.getProgress().getSourceBytes() > SENT);
  }

  private boolean isRelaying() {
    return look().stream()
        .map(Migration::getProgress)
        .anyMatch(now -> now.getContributorBytes() > 0 && now.getRelayingPages() > 0);
  }

  private void cut(CrashPoint.Cut link) {
    switch (link.sort()) {
      case CLOSED -> links.cut(point.victim(), link.other());
      case SILENT -> {
        links.silence(point.victim(), link.other());
        links.silence(link.other(), point.victim());
      }
      case ONE_WAY -> links.silence(point.victim(), link.other());
    }
  }

  private String logs() throws IOException {
    StringBuilder logs = new StringBuilder();
    for (String name : NAMES) {
      List<String> lines = peers.log(name).lines().toList();
      logs.append("\n---- ").append(name).append('\n');
      lines
          .subList(Math.max(0, lines.size() - LOG_LINES), lines.size())
          .forEach(line -> logs.append(line).append('\n'));
    }
    return logs.toString();
  }

  private void begin() throws Exception {
    try {
      switch (point.way()) {
        case WITNESSED, BALLOT -> peers.migrate("a", "b", "c");
        case REDIRECT -> {
          String migration = peers.migrate("a", "b");
          awaitUntil(
              "pages flow, or not any more",
              30,
              () ->
                  !isUp("a")
                      || look().isEmpty()
                      || hasSent()
                      || look().get().hasEndedAt()
                      || isParked());
          peers.redirect("a", migration, "c");
        }
        case SECOND_HOP -> {
          String first = peers.migrate("a", "b");
          peers.await("a", first, Migration::hasEndedAt);
          peers.migrate("b", "c", "a");
        }
      }
    } catch (StatusRuntimeException cutShort) {
      // The trouble came, or the redirect was refused for it.
    }
  }

  /** Until the migration has ended, or is as far as it gets without the victim. */
  private void letOthersGoOn() {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(OTHERS_S);
    while (System.nanoTime() < deadlineNs && !othersAreDone()) {
      LockSupport.parkNanos(10_000_000);
    }
  }

  private boolean othersAreDone() {
    if (point.victim().equals(point.way().source()) && point.cut().isEmpty()) {
      return NAMES.stream().anyMatch(name -> !name.equals(point.victim()) && runsAt(name));
    }
    return settled();
  }

  private void comeBack() throws Exception {
    point.cut().ifPresent(link -> links.heal(point.victim(), link.other()));
    switch (point.trouble().kind()) {
      case KILL -> {
        peers.start(point.victim());
        peers.awaitUp(point.victim());
      }
      case STOP -> peers.resume(point.victim());
      case HOLD, NONE -> {}
    }
  }

  // ---- What the operator sees and does.

  private boolean isUp(String name) {
    try {
      peers.guests(name);
      return true;
    } catch (StatusRuntimeException down) {
      return false;
    }
  }

  /** The migration at its source, where there is one. */
  private Optional<Migration> look() {
    List<Migration> all =
        peers
            .migrations(point.way().source())
            .withDeadlineAfter(2, TimeUnit.SECONDS)
            .listMigrations(ListMigrationsRequest.getDefaultInstance())
            .getMigrationsList();
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getFirst());
  }

  private boolean isParked() {
    Optional<Migration> now = look();
    return now.isPresent() && now.get().getState() == MigrationState.MIGRATION_STATE_PARKED;
  }

  private boolean hasEnded() {
    try {
      Optional<Migration> now = look();
      return now.isEmpty() || now.get().hasEndedAt();
    } catch (StatusRuntimeException down) {
      return false;
    }
  }

  /** Whether it has ended; sends it elsewhere where it is parked. */
  private boolean settled() {
    try {
      if (isParked()) {
        String living = isUp("b") ? "b" : "c";
        peers.redirect("a", look().orElseThrow().getMigrationId(), living);
      }
    } catch (StatusRuntimeException notNow) {
      return false;
    }
    return hasEnded();
  }

  private boolean runsAt(String name) {
    try {
      return peers.guests(name).stream()
          .anyMatch(guest -> guest.getState() == GuestState.GUEST_STATE_RUNNING);
    } catch (StatusRuntimeException down) {
      return false;
    }
  }

  private String outcome() {
    return look()
        .map(
            migration ->
                migration.getState().name().substring("MIGRATION_STATE_".length())
                    + (migration.getFailureReason().isEmpty()
                        ? ""
                        : " " + migration.getFailureReason()))
        .orElse("not listed after the restart");
  }

  private String owner() {
    List<String> owners = new ArrayList<>();
    awaitUntil(
        "one peer has the guest",
        15,
        () -> {
          owners.clear();
          try {
            for (String name : NAMES) {
              for (Guest guest : peers.guests(name)) {
                owners.add(name + " " + guest.getState());
              }
            }
          } catch (StatusRuntimeException busy) {
            return false;
          }
          return owners.size() == 1;
        });
    String owner = owners.getFirst().substring(0, 1);
    look().ifPresent(migration -> assertThat(migration.getOwner()).as("owner").isEqualTo(owner));
    return owner;
  }

  private static void awaitUntil(String what, long seconds, BooleanSupplier condition) {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadlineNs) {
        throw new AssertionError("not within %d s: %s".formatted(seconds, what));
      }
      LockSupport.parkNanos(10_000_000);
    }
  }

  // ---- Invariants.

  /** The counter of ticks is in the guest's memory, and so goes on where it stood. */
  private void assertOneRuns(String owner) throws IOException {
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
    SerialLog owned = logs.getOrDefault(owner, vm.serial());
    owned.awaitTickAfter(owned.lastTick() + 2);
    long firstOfOwner = owned.firstTick();
    boolean second = point.way() == Way.SECOND_HOP;
    logs.forEach(
        (name, log) -> {
          log.assertSound();
          if (name.equals(owner)) {
            return;
          }
          if (name.equals("a") || (second && name.equals("b"))) {
            assertThat(log.lastTick()).as("ticks at " + name).isLessThanOrEqualTo(firstOfOwner);
          } else {
            assertThat(log.lastTick()).as("ticks at " + name).isZero();
          }
        });
  }

  private void assertNothingIsLeftBut(String owner) {
    for (String name : List.of("b", "c")) {
      int most = name.equals(owner) ? 1 : 0;
      awaitUntil(
          "nothing is left at " + name,
          15,
          () -> {
            try (Stream<Path> homes = Files.list(peers.runDirectory(name))) {
              return homes.count() == most;
            } catch (IOException vanished) {
              return false;
            }
          });
    }
    assertThat(peers.startedHere()).hasSize(owner.equals("a") ? 0 : 1);
    assertThat(vm.isAlive()).isEqualTo(owner.equals("a"));
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
