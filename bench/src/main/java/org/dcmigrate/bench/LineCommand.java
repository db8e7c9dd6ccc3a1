package org.dcmigrate.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.ctl.CertificateAuthority;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.v1.Migration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench/run line}: what a migration makes of a fast connection. */
@Command(
    name = "line",
    description = {
      "A migration on loopback, against a plain copy, iperf3, and QEMU's own migration.",
      "An idle synthetic guest of random content, without TLS and with. The plain copy is mapped"
          + " memory to a blocking socket to a file in memory, 1 MiB at a time, between two Java"
          + " processes; with TLS through the same BoringSSL that the peers use."
    })
final class LineCommand extends BenchCommand {
  private static final String SOURCE = "a";
  private static final String DESTINATION = "b";
  private static final List<String> HOSTS = List.of(SOURCE, DESTINATION);
  private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final Duration VALIDITY = Duration.ofDays(2);
  private static final long MIB = 1 << 20;
  // What the JVM's compilers need to be done on two cores; less, and the rounds measure them.
  private static final int WARM_UPS = 12;
  private static final int QUICK_WARM_UPS = 4;
  private static final long DOWNTIME_MILLIS = 300;

  private static final String COPY = "copy";
  private static final String COPY_TLS = "copy, TLS";
  private static final String DCM = "dcm";
  private static final String DCM_TLS = "dcm, TLS";
  private static final String FIRST = ", first";
  private static final String IPERF = "iperf3";
  private static final String QEMU = "qemu, TCP";
  private static final List<String> CONTENDERS = List.of(COPY, DCM, COPY_TLS, DCM_TLS, IPERF, QEMU);

  @Option(
      names = "--memory",
      defaultValue = "0",
      description = "Memory to move in MiB. 0: 1024 with --quick, else 2048.")
  private int memoryMib;

  @Option(
      names = "--only",
      paramLabel = "NAME",
      description = "Only this contender, by its name in the table. May be repeated.")
  private List<String> only = List.of();

  /** What a run was asked for; the names are those of the JSON document. */
  private record Settings(long memoryBytes, int repeat, List<String> only) {}

  /** Moves the memory once. */
  @FunctionalInterface
  private interface Contender {
    Moved move(long bytes) throws BenchException;
  }

  @Override
  Findings measure(Workspace workspace, Progress progress) throws BenchException {
    progress.say("peers, copies and virtual machines on loopback");
    if (!CONTENDERS.containsAll(only)) {
      throw new BenchException("--only names some of %s, but was %s".formatted(CONTENDERS, only));
    }
    List<String> missing = new ArrayList<>();
    Map<String, Contender> contenders = contenders(workspace, missing);
    Map<String, List<Moved>> moved = new LinkedHashMap<>();
    warmUp(contenders, moved);
    for (int round = 0; round < repeat(); round++) {
      for (Map.Entry<String, Contender> entry : contenders.entrySet()) {
        Moved run = entry.getValue().move(memoryBytes());
        progress.say("%s: %s", entry.getKey(), Text.gigabytesPerSecond(run.bytesPerSecond()));
        moved.computeIfAbsent(entry.getKey(), each -> new ArrayList<>()).add(run);
      }
    }
    LineResults results = results(moved, missing);
    return new Findings(
        "line", new Settings(memoryBytes(), repeat(), only), results, results.text());
  }

  /** The first move of processes that have just started is told by itself. */
  private void warmUp(Map<String, Contender> contenders, Map<String, List<Moved>> moved)
      throws BenchException {
    for (String name : List.of(COPY, COPY_TLS, DCM, DCM_TLS)) {
      if (!contenders.containsKey(name)) {
        continue;
      }
      Contender contender = contenders.get(name);
      Moved first = contender.move(memoryBytes());
      moved.put(name + FIRST, List.of(first));
      for (int i = 1; i < (isQuick() ? QUICK_WARM_UPS : WARM_UPS); i++) {
        Moved _ = contender.move(memoryBytes());
      }
    }
  }

  /** Starts what takes part. */
  private Map<String, Contender> contenders(Workspace workspace, List<String> missing)
      throws BenchException {
    Map<String, Contender> contenders = new LinkedHashMap<>();
    if (takesPart(COPY) || takesPart(COPY_TLS)) {
      fill(content(workspace), memoryBytes());
    }
    if (takesPart(COPY)) {
      contenders.put(COPY, copy(workspace, "copy", Optional.empty()));
    }
    if (takesPart(DCM)) {
      contenders.put(DCM, migration(workspace, "plain", Fleet.Protection.PLAINTEXT));
    }
    if (takesPart(COPY_TLS)) {
      contenders.put(COPY_TLS, copy(workspace, "copy-tls", Optional.of(certificates(workspace))));
    }
    if (takesPart(DCM_TLS)) {
      contenders.put(DCM_TLS, migration(workspace, "tls", Fleet.Protection.TLS));
    }
    if (takesPart(IPERF)) {
      Shell.find("iperf3")
          .ifPresentOrElse(
              program -> contenders.put(IPERF, bytes -> new Iperf(program).send(workspace, bytes)),
              () -> missing.add("iperf3 is not installed: " + Iperf.REMEDY));
    }
    if (takesPart(QEMU)) {
      Optional<Path> qemu = QemuVm.program();
      if (qemu.isPresent()) {
        contenders.put(QEMU, qemu(workspace, qemu.get()));
      } else {
        missing.add("qemu-system-x86_64 is not installed: " + QemuVm.REMEDY);
      }
    }
    return contenders;
  }

  private boolean takesPart(String contender) {
    return only.isEmpty() || only.contains(contender);
  }

  private static Path content(Workspace workspace) {
    return workspace.directory().resolve("content");
  }

  private static Contender copy(Workspace workspace, String name, Optional<Path> certificates)
      throws BenchException {
    CopyPair pair = CopyPair.start(workspace, name, certificates);
    return bytes -> pair.copy(content(workspace), bytes);
  }

  private static Contender migration(Workspace workspace, String name, Fleet.Protection protection)
      throws BenchException {
    Fleet fleet = Fleet.start(workspace, Loopback.of(HOSTS), name, HOSTS, protection, Map.of());
    return bytes -> migrate(fleet, bytes);
  }

  private Contender qemu(Workspace workspace, Path program) throws BenchException {
    Loopback loopback = Loopback.of(List.of());
    QemuVm.Work work = new QemuVm.Work(memoryBytes(), 1, 100);
    QemuVm vm = QemuVm.start(workspace, loopback, SOURCE, program, "vm", work);
    return bytes -> migrateQemu(workspace, loopback, program, vm, work);
  }

  private static Moved migrate(Fleet fleet, long bytes) throws BenchException {
    Operator operator = new Operator(fleet, SOURCE);
    operator.create("guest", SyntheticGuest.idle(bytes));
    double cpuBefore = cpuSeconds(fleet);
    Migration end = operator.awaitCompleted(operator.migrate("guest", DESTINATION));
    double cpu = cpuSeconds(fleet) - cpuBefore;
    operator.delete("guest", DESTINATION);
    return new Moved(bytes, end.getOutcome().getTotalNs() / NS_PER_SECOND, cpu);
  }

  private static Moved migrateQemu(
      Workspace workspace, Network network, Path program, QemuVm vm, QemuVm.Work work)
      throws BenchException {
    int port = Loopback.of(List.of(DESTINATION)).ports().getOrDefault(DESTINATION, 0);
    String uri = "tcp:127.0.0.1:" + port;
    try (QemuVm to =
        QemuVm.startIncoming(workspace, network, DESTINATION, program, "vm-to", work, uri)) {
      double cpuBefore = cpuSeconds(vm) + cpuSeconds(to);
      double started = System.currentTimeMillis() / 1000.0;
      vm.migrate(uri, DOWNTIME_MILLIS);
      vm.awaitMigrated();
      double ended = to.awaitResumed();
      double cpu = cpuSeconds(vm) + cpuSeconds(to) - cpuBefore;
      // It runs on here, for the next round.
      var _ = vm.qmp().execute("cont");
      return new Moved(work.contentBytes(), ended - started, cpu);
    }
  }

  private static double cpuSeconds(Fleet fleet) {
    return HOSTS.stream().mapToDouble(host -> fleet.peer(host).cpu().toNanos()).sum()
        / NS_PER_SECOND;
  }

  private static double cpuSeconds(QemuVm vm) {
    return Peer.cpu(vm.process()).toNanos() / NS_PER_SECOND;
  }

  private static Path certificates(Workspace workspace) throws BenchException {
    Path directory = workspace.directory().resolve("copy-certificates");
    try {
      CertificateAuthority authority = CertificateAuthority.create("bench.dcm");
      for (String name : List.of("send", "receive")) {
        authority.issue("peer", name, VALIDITY).write(directory);
      }
      return directory;
    } catch (IOException | DcmException failed) {
      throw new BenchException("no certificates: " + failed.getMessage(), failed);
    }
  }

  /** Fills a file in memory with random content. */
  private static void fill(Path file, long bytes) throws BenchException {
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, bytes, arena);
      for (long at = 0; at < bytes; at += Long.BYTES) {
        memory.set(ValueLayout.JAVA_LONG, at, random.nextLong());
      }
    } catch (IOException failed) {
      throw new BenchException("the content to copy cannot be written: " + failed, failed);
    }
  }

  private static LineResults results(Map<String, List<Moved>> moved, List<String> missing) {
    Map<String, String> references = Map.of(DCM, COPY, DCM_TLS, COPY_TLS, IPERF, COPY, QEMU, COPY);
    List<LineResults.Row> rows = new ArrayList<>();
    moved.forEach(
        (contender, runs) -> {
          String reference = references.getOrDefault(contender, "");
          List<Moved> others = moved.getOrDefault(reference, List.of());
          rows.add(
              new LineResults.Row(
                  contender,
                  runs.size(),
                  Spread.of(rates(runs)),
                  Statistics.median(cpu(runs)),
                  reference,
                  Spread.ofRatios(rates(runs), rates(others)),
                  Spread.ofRatios(cpu(runs), cpu(others))));
        });
    return new LineResults(rows, missing, TlsPipe.library());
  }

  private static List<Double> rates(List<Moved> runs) {
    return runs.stream().map(Moved::bytesPerSecond).toList();
  }

  private static List<Double> cpu(List<Moved> runs) {
    return runs.stream().map(Moved::cpuSecondsPerGib).toList();
  }

  private long memoryBytes() {
    return (memoryMib > 0 ? memoryMib : isQuick() ? 1024 : 2048) * MIB;
  }
}
