package org.dcmigrate.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.Outcome;

/**
 * Virtual machines on slowed down links, moved by QEMU itself and through DCM. All are started
 * before the peers, which adopt them as they start, and stand still until it is their turn: DCM
 * ends the source's QEMU, so it takes a new one each time; QEMU's own migration leaves it there.
 */
final class VmRig {
  private static final String SOURCE = "a";
  private static final String OLD = "b";
  private static final String NEW = "c";
  private static final List<String> HOSTS = List.of(SOURCE, OLD, NEW);
  private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final double MILLIS_PER_SECOND = 1000;
  private static final int QEMU_PORT = 7444;
  private static final long DOWNTIME_MILLIS = 300;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Duration SETTLING = Duration.ofSeconds(1);
  private static final Duration UNDISTURBED = Duration.ofSeconds(3);

  private final Workspace workspace;
  private final ShapedNetwork network;
  private final Path program;
  private final QemuVm.Work work;
  private final QemuVm own;
  private final Deque<Map.Entry<String, QemuVm>> adopted;
  private final Fleet fleet;

  private VmRig(
      Workspace workspace,
      ShapedNetwork network,
      Path program,
      QemuVm.Work work,
      QemuVm own,
      Map<String, QemuVm> adopted,
      Fleet fleet) {
    this.workspace = workspace;
    this.network = network;
    this.program = program;
    this.work = work;
    this.own = own;
    this.adopted = new ArrayDeque<>(adopted.entrySet());
    this.fleet = fleet;
  }

  /**
   * Starts everything.
   *
   * @param bytesPerSecond uplinks, on the wire; downlinks have twice that
   * @param migrations how many there will be through DCM, redirected or not
   */
  static VmRig start(
      Workspace workspace, Path program, QemuVm.Work work, double bytesPerSecond, int migrations)
      throws BenchException {
    ShapedNetwork network =
        ShapedNetwork.create(workspace, HOSTS, ShapedNetwork.congestionControl());
    for (String host : HOSTS) {
      network.shape(host, bytesPerSecond, 2 * bytesPerSecond);
    }
    QemuVm own = still(QemuVm.start(workspace, network, SOURCE, program, "own", work));
    Map<String, QemuVm> adopted = new LinkedHashMap<>();
    for (int i = 0; i < migrations; i++) {
      String name = "vm-" + i;
      adopted.put(name, still(QemuVm.start(workspace, network, SOURCE, program, name, work)));
    }
    String template = templateYaml(program, work);
    Fleet fleet =
        Fleet.start(
            workspace,
            network,
            "vm",
            HOSTS,
            Fleet.Protection.TLS,
            Map.of(
                SOURCE,
                guestsYaml(workspace.directory(), adopted.keySet()),
                OLD,
                template,
                NEW,
                template));
    return new VmRig(workspace, network, program, work, own, adopted, fleet);
  }

  /**
   * A migration as it went.
   *
   * @param seconds until the guest was resumed
   * @param parts of the downtime; all 0 where they are not told
   * @param workBefore of the guest, per second, in the seconds before, with nothing going on
   * @param workMeanwhile the same from the start to the stop
   */
  record Run(
      double seconds,
      double downtimeSeconds,
      Parts parts,
      double workBefore,
      double workMeanwhile) {
    double workLeft() {
      return Statistics.ratio(workMeanwhile, workBefore);
    }
  }

  /** What the guest stood still for; names are those of the JSON document. */
  record Parts(double lastPagesSeconds, double prepareSeconds, double commitSeconds) {
    static final Parts UNTOLD = new Parts(0, 0, 0);

    static Parts of(Outcome outcome) {
      return new Parts(
          outcome.getFinalPagesNs() / NS_PER_SECOND,
          outcome.getPrepareNs() / NS_PER_SECOND,
          outcome.getCommitNs() / NS_PER_SECOND);
    }
  }

  /** QEMU's own migration from a to b. */
  Run migrateByQemu() throws BenchException {
    double workBefore = wake(own);
    try (QemuVm to = incoming(OLD)) {
      return byQemu(own, OLD, to, workBefore, now());
    } finally {
      still(own);
    }
  }

  /** QEMU's own migration to b, cancelled at a part of the memory; then to c. */
  Run restartByQemu(double fraction) throws BenchException {
    double workBefore = wake(own);
    try (QemuVm to = incoming(NEW);
        QemuVm _ = incoming(OLD)) {
      own.migrate(uri(OLD), DOWNTIME_MILLIS);
      Await.until("QEMU has moved that much", PATIENCE, () -> own.migrated() >= fraction);
      double cancelled = now();
      own.cancelMigration();
      return byQemu(own, NEW, to, workBefore, cancelled);
    } finally {
      still(own);
    }
  }

  private Run byQemu(QemuVm vm, String host, QemuVm to, double workBefore, double started)
      throws BenchException {
    long ticks = vm.ticks();
    vm.migrate(uri(host), DOWNTIME_MILLIS);
    vm.awaitMigrated();
    double seconds = to.awaitResumed() - started;
    double downtime = to.awaitResumed() - vm.stoppedAt();
    return run(vm.ticks() - ticks, seconds, downtime, Parts.UNTOLD, workBefore);
  }

  /** A migration from a to b through DCM. */
  Run migrateByDcm() throws BenchException {
    Map.Entry<String, QemuVm> next = adopted.pop();
    try (QemuVm vm = next.getValue()) {
      double workBefore = wake(vm);
      Operator operator = new Operator(fleet, SOURCE);
      long ticks = vm.ticks();
      Migration end = operator.awaitCompleted(operator.migrate(next.getKey(), OLD));
      return run(
          vm.ticks() - ticks,
          end.getOutcome().getTotalNs() / NS_PER_SECOND,
          end.getOutcome().getDowntimeNs() / NS_PER_SECOND,
          Parts.of(end.getOutcome()),
          workBefore);
    } finally {
      endArrived();
    }
  }

  /** The same to b, redirected to c at a part of the memory. */
  Run redirectByDcm(double fraction) throws BenchException {
    Map.Entry<String, QemuVm> next = adopted.pop();
    try (QemuVm vm = next.getValue()) {
      double workBefore = wake(vm);
      Operator operator = new Operator(fleet, SOURCE);
      String migration = operator.migrate(next.getKey(), OLD);
      operator.awaitHeld(migration, fraction, now -> true);
      long ticks = vm.ticks();
      Migration _ = operator.redirect(migration, NEW);
      Migration end = operator.awaitCompleted(migration);
      return run(
          vm.ticks() - ticks,
          end.getOutcome().getAfterRedirectNs() / NS_PER_SECOND,
          end.getOutcome().getDowntimeNs() / NS_PER_SECOND,
          Parts.of(end.getOutcome()),
          workBefore);
    } finally {
      endArrived();
    }
  }

  private static Run run(
      long ticks, double seconds, double downtime, Parts parts, double workBefore) {
    return new Run(seconds, downtime, parts, workBefore, ticks / (seconds - downtime));
  }

  private static QemuVm still(QemuVm vm) throws BenchException {
    var _ = vm.qmp().execute("stop");
    return vm;
  }

  /** Sets a guest running; gives its ticks per second. */
  private static double wake(QemuVm vm) throws BenchException {
    var _ = vm.qmp().execute("cont");
    Await.pause(SETTLING);
    long ticks = vm.ticks();
    long startedNs = System.nanoTime();
    Await.pause(UNDISTURBED);
    return (vm.ticks() - ticks) / ((System.nanoTime() - startedNs) / NS_PER_SECOND);
  }

  private QemuVm incoming(String host) throws BenchException {
    return QemuVm.startIncoming(
        workspace,
        network,
        host,
        program,
        "to-" + host,
        work,
        "tcp:%s:%d".formatted(network.address(host), QEMU_PORT));
  }

  private String uri(String host) {
    return "tcp:%s:%d".formatted(network.address(host), QEMU_PORT);
  }

  /** The clock of QEMU's events. */
  private static double now() {
    return System.currentTimeMillis() / MILLIS_PER_SECOND;
  }

  /** Ends the virtual machines that have come to the peers, and frees their memory. */
  private void endArrived() throws BenchException {
    for (String host : List.of(OLD, NEW)) {
      try (DirectoryStream<Path> homes =
          Files.newDirectoryStream(fleet.peer(host).runDirectory())) {
        for (Path home : homes) {
          Path pid = home.resolve("qemu.pid");
          if (Files.exists(pid)) {
            ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
                .filter(ProcessHandle::destroyForcibly)
                .ifPresent(VmRig::awaitEnd);
            Files.deleteIfExists(home.resolve("ram-pc.ram"));
          }
        }
      } catch (IOException failed) {
        throw new BenchException("the virtual machines at " + host + " cannot be ended", failed);
      }
    }
  }

  private static void awaitEnd(ProcessHandle process) {
    process.onExit().completeOnTimeout(process, 10, TimeUnit.SECONDS).join();
  }

  private static String guestsYaml(Path directory, Iterable<String> names) {
    StringBuilder yaml = new StringBuilder("guests:\n  qemu:\n");
    for (String name : names) {
      yaml.append(
          "    - {name: %s, qmp: \"%s\"}\n"
              .formatted(name, directory.resolve(QemuVm.dcmSocket(name))));
    }
    return yaml.toString();
  }

  private static String templateYaml(Path program, QemuVm.Work work) {
    List<String> command = QemuVm.machine(program, work, "${ram:pc.ram}");
    command.addAll(List.of("-serial", "file:${home}/serial"));
    StringBuilder yaml = new StringBuilder("qemu:\n  templates:\n    - command:\n");
    command.forEach(word -> yaml.append("        - \"").append(word).append("\"\n"));
    return yaml.toString();
  }
}
