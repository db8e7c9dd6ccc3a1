package org.dcmigrate.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.dcmigrate.v1.Migration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench/run growth}: whether cost stays in proportion to the guest's size. */
@Command(
    name = "growth",
    description = {
      "Guests of growing size: time, CPU, and the peers' memory beside the guest's.",
      "Synthetic guests on loopback, without TLS. The same part of each guest is zero, so that the"
          + " largest fits into this machine twice."
    })
final class GrowthCommand extends BenchCommand {
  private static final String SOURCE = "a";
  private static final String DESTINATION = "b";
  private static final List<String> HOSTS = List.of(SOURCE, DESTINATION);
  private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final int PERCENT = 100;
  private static final long MIB = 1 << 20;
  private static final double GIB = 1 << 30;
  private static final double ALLOWED_SHARE = 0.004;
  private static final double MOST_OF_MEMORY = 0.7;
  private static final long ALLOWED_BYTES = 256L << 20;
  private static final List<Integer> SIZES = List.of(256, 512, 1024, 2048, 4096, 8192, 16384);
  private static final List<Integer> QUICK_SIZES = List.of(256, 1024, 4096, 16384);

  @Option(
      names = "--sizes",
      split = ",",
      paramLabel = "MIB",
      description =
          "Sizes in MiB. Default: 256 to 16384, doubling, as far as memory allows; fewer with"
              + " --quick.")
  private List<Integer> sizes = List.of();

  @Option(
      names = "--zero-percent",
      defaultValue = "75",
      description = "Part of the pages that are zero.")
  private int zeroPercent = 75;

  /** What a run was asked for; the names are those of the JSON document. */
  private record Settings(List<Integer> sizesMib, int zeroPercent, int repeat) {}

  private record Run(
      double seconds,
      double cpuSeconds,
      double downtimeSeconds,
      double sourcePeak,
      double destinationPeak,
      double sourceGrowth,
      double destinationGrowth,
      double sourceHeap,
      double destinationHeap) {}

  @Override
  Findings measure(Workspace workspace, Progress progress) throws BenchException {
    progress.say("two peers on loopback, without TLS");
    Fleet fleet =
        Fleet.start(
            workspace, Loopback.of(HOSTS), "growth", HOSTS, Fleet.Protection.PLAINTEXT, Map.of());
    Run _ = run(fleet, sizes().getFirst() * MIB);
    Map<Integer, List<Run>> runs = new LinkedHashMap<>();
    for (int round = 0; round < repeat(); round++) {
      for (int size : sizes()) {
        Run run = run(fleet, size * MIB);
        progress.say("%d MiB: %.2f s, %.2f s of CPU", size, run.seconds(), run.cpuSeconds());
        runs.computeIfAbsent(size, each -> new ArrayList<>()).add(run);
      }
    }
    GrowthResults results = results(runs);
    return new Findings(
        "growth", new Settings(sizes(), zeroPercent, repeat()), results, results.text());
  }

  private Run run(Fleet fleet, long memoryBytes) throws BenchException {
    Operator operator = new Operator(fleet, SOURCE);
    Process source = fleet.peer(SOURCE).process();
    Process destination = fleet.peer(DESTINATION).process();
    operator.create("guest", new SyntheticGuest(memoryBytes, 0, false, zeroPercent, 1));
    long sourceBefore = Memory.anonymousBytes(source);
    long destinationBefore = Memory.anonymousBytes(destination);
    double cpuBefore = cpuSeconds(fleet);
    try (Memory atSource = Memory.watch(source);
        Memory atDestination = Memory.watch(destination)) {
      Migration end = operator.awaitCompleted(operator.migrate("guest", DESTINATION));
      double cpu = cpuSeconds(fleet) - cpuBefore;
      Run run =
          new Run(
              end.getOutcome().getTotalNs() / NS_PER_SECOND,
              cpu,
              end.getOutcome().getDowntimeNs() / NS_PER_SECOND,
              atSource.peakBytes(),
              atDestination.peakBytes(),
              Math.max(0, atSource.peakBytes() - sourceBefore),
              Math.max(0, atDestination.peakBytes() - destinationBefore),
              Memory.heapBytes(source),
              Memory.heapBytes(destination));
      operator.delete("guest", DESTINATION);
      return run;
    }
  }

  private static double cpuSeconds(Fleet fleet) {
    return HOSTS.stream().mapToDouble(host -> fleet.peer(host).cpu().toNanos()).sum()
        / NS_PER_SECOND;
  }

  private GrowthResults results(Map<Integer, List<Run>> runs) {
    List<GrowthResults.Row> rows = new ArrayList<>();
    runs.forEach(
        (size, all) -> {
          long bytes = size * MIB;
          rows.add(
              new GrowthResults.Row(
                  bytes,
                  bytes / PERCENT * (PERCENT - zeroPercent),
                  all.size(),
                  Spread.of(all.stream().map(Run::seconds).toList()),
                  median(all, run -> run.seconds() / (bytes / GIB)),
                  median(all, run -> run.cpuSeconds() / (bytes / GIB)),
                  median(all, Run::downtimeSeconds),
                  median(all, Run::sourcePeak),
                  median(all, Run::destinationPeak),
                  median(all, Run::sourceGrowth),
                  median(all, Run::destinationGrowth),
                  median(all, Run::sourceHeap),
                  median(all, Run::destinationHeap),
                  ALLOWED_SHARE * bytes + ALLOWED_BYTES));
        });
    return new GrowthResults(rows);
  }

  private static double median(List<Run> runs, ToDoubleFunction<Run> value) {
    return Statistics.median(runs.stream().map(value::applyAsDouble).toList());
  }

  private List<Integer> sizes() {
    if (!sizes.isEmpty()) {
      return sizes;
    }
    return (isQuick() ? QUICK_SIZES : SIZES).stream().filter(size -> fits(size * MIB)).toList();
  }

  /**
   * Whether this machine has room for a guest twice. Where its memory is a file in memory, pages
   * that are zero take room at the source once they were read.
   */
  private boolean fits(long bytes) {
    long atDestination = bytes / PERCENT * (PERCENT - zeroPercent);
    long memory =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    return bytes + atDestination <= MOST_OF_MEMORY * memory;
  }
}
