package org.dcmigrate.bench;

import com.google.protobuf.Timestamp;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench/run many}: migrations that share a link. */
@Command(
    name = "many",
    description = {
      "Many migrations at a time between two peers: throughput of all together, and fairness.",
      "The guests of a row have the same memory together. On a slowed down link between network"
          + " namespaces, under mutual TLS; needs root, ip and tc."
    })
final class ManyCommand extends BenchCommand {
  private static final String SOURCE = "a";
  private static final String DESTINATION = "b";
  private static final List<String> HOSTS = List.of(SOURCE, DESTINATION);
  private static final double BITS_PER_MEGABIT = 1e6;
  private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long MIB = 1 << 20;
  private static final double GIB = 1 << 30;

  @Option(
      names = "--memory",
      defaultValue = "0",
      description = "Memory of all guests together in MiB. 0: 1024 with --quick, else 4096.")
  private int memoryMib;

  @Option(
      names = "--rate",
      defaultValue = "1000",
      description = "The bandwidth of the link in Mbit/s on the wire; 0: no limit.")
  private double rateMegabits = 1000;

  @Option(
      names = "--at-a-time",
      split = ",",
      paramLabel = "N",
      description = "How many migrations. Default: 1,8,32.")
  private List<Integer> counts = List.of();

  /** What a run was asked for; the names are those of the JSON document. */
  private record Settings(
      long memoryBytes, double wireBytesPerSecond, int repeat, List<Integer> migrations) {}

  @Override
  Findings measure(Workspace workspace, Progress progress) throws BenchException {
    progress.say("two peers in network namespaces, under mutual TLS");
    ShapedNetwork network =
        ShapedNetwork.create(workspace, HOSTS, ShapedNetwork.congestionControl());
    double wire = rateMegabits * BITS_PER_MEGABIT / Byte.SIZE;
    for (String host : HOSTS) {
      network.shape(host, wire, wire);
    }
    Fleet fleet = Fleet.start(workspace, network, "many", HOSTS, Fleet.Protection.TLS, Map.of());
    ManyResults.Run _ = run(fleet, 1, 256 * MIB);
    Map<Integer, List<ManyResults.Run>> runs = new LinkedHashMap<>();
    for (int round = 0; round < repeat(); round++) {
      for (int count : counts()) {
        ManyResults.Run run = run(fleet, count, guestBytes(count));
        progress.say(
            "%d at a time: %s, fairness %s",
            count, Text.megabytesPerSecond(run.bytesPerSecond()), Text.ratio(run.fairness()));
        runs.computeIfAbsent(count, each -> new ArrayList<>()).add(run);
      }
    }
    ManyResults results = results(runs);
    return new Findings(
        "many", new Settings(memoryBytes(), wire, repeat(), counts()), results, results.text());
  }

  private ManyResults.Run run(Fleet fleet, int count, long guestBytes) throws BenchException {
    Operator operator = new Operator(fleet, SOURCE);
    for (int i = 0; i < count; i++) {
      operator.create("guest-" + i, SyntheticGuest.idle(guestBytes));
    }
    double cpuBefore = cpuSeconds(fleet);
    long startedNs = System.nanoTime();
    Map<String, String> guests = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      guests.put(operator.migrate("guest-" + i, DESTINATION), "guest-" + i);
    }
    List<Shares> samples = new ArrayList<>();
    Await.until(
        count + " migrations have ended",
        Operator.PATIENCE,
        () -> {
          Map<String, Migration> now = operator.all();
          now.keySet().retainAll(guests.keySet());
          samples.add(Shares.of(List.copyOf(now.values())));
          return now.values().stream().allMatch(Migration::hasEndedAt);
        });
    double seconds = (System.nanoTime() - startedNs) / NS_PER_SECOND;
    double cpu = cpuSeconds(fleet) - cpuBefore;
    double downtime = 0;
    List<Migration> ends = new ArrayList<>();
    for (Map.Entry<String, String> entry : guests.entrySet()) {
      Migration end = operator.awaitCompleted(entry.getKey());
      ends.add(end);
      downtime = Math.max(downtime, end.getOutcome().getDowntimeNs() / NS_PER_SECOND);
      operator.delete(entry.getValue(), DESTINATION);
    }
    List<Double> shares = Shares.whileAllRan(samples);
    double bytes = (double) guestBytes * count;
    return new ManyResults.Run(
        seconds,
        bytes / seconds,
        Statistics.fairness(shares),
        Statistics.ratio(Statistics.min(shares), Statistics.max(shares)),
        downtime,
        cpu / (bytes / GIB),
        endedSeconds(ends));
  }

  /** When each ended, from the first start on, the first first. */
  static List<Double> endedSeconds(List<Migration> migrations) {
    double first =
        migrations.stream().mapToDouble(each -> seconds(each.getStartedAt())).min().orElse(0);
    return migrations.stream().map(each -> seconds(each.getEndedAt()) - first).sorted().toList();
  }

  private static double seconds(Timestamp time) {
    return time.getSeconds() + time.getNanos() / NS_PER_SECOND;
  }

  /**
   * What each migration had got through at one moment.
   *
   * @param allRun none has yet to begin, none is near its end
   */
  record Shares(boolean allRun, Map<String, Long> heldPages) {
    private static final double NEAR_THE_END = 0.99;

    static Shares of(List<Migration> migrations) {
      Map<String, Long> held = new LinkedHashMap<>();
      migrations.forEach(
          each -> held.put(each.getMigrationId(), each.getProgress().getHeldPages()));
      return new Shares(
          migrations.stream()
              .allMatch(
                  each ->
                      each.getState() == MigrationState.MIGRATION_STATE_TRANSFERRING
                          && Operator.held(each) > 0
                          && Operator.held(each) < NEAR_THE_END),
          held);
    }

    /**
     * What each got from the first to the last moment at which all ran; none where they never did.
     */
    static List<Double> whileAllRan(List<Shares> samples) {
      List<Shares> running = samples.stream().filter(Shares::allRun).toList();
      if (running.isEmpty()) {
        return List.of();
      }
      Map<String, Long> first = running.getFirst().heldPages();
      List<Double> shares = new ArrayList<>();
      running
          .getLast()
          .heldPages()
          .forEach((id, held) -> shares.add((double) held - first.getOrDefault(id, 0L)));
      return shares;
    }
  }

  private static double cpuSeconds(Fleet fleet) {
    return HOSTS.stream().mapToDouble(host -> fleet.peer(host).cpu().toNanos()).sum()
        / NS_PER_SECOND;
  }

  private ManyResults results(Map<Integer, List<ManyResults.Run>> runs) {
    double one =
        spread(
                runs.values().stream().findFirst().orElse(List.of()),
                ManyResults.Run::bytesPerSecond)
            .median();
    List<ManyResults.Row> rows = new ArrayList<>();
    runs.forEach(
        (count, all) ->
            rows.add(
                new ManyResults.Row(
                    count,
                    all.size(),
                    guestBytes(count),
                    spread(all, ManyResults.Run::seconds).median(),
                    spread(all, ManyResults.Run::bytesPerSecond),
                    Statistics.ratio(spread(all, ManyResults.Run::bytesPerSecond).median(), one),
                    spread(all, ManyResults.Run::fairness),
                    spread(all, ManyResults.Run::slowestToFastest).median(),
                    spread(all, ManyResults.Run::longestDowntimeSeconds).median(),
                    spread(all, ManyResults.Run::cpuSecondsPerGib).median(),
                    all.stream().map(ManyResults.Run::endedSeconds).toList())));
    return new ManyResults(rows);
  }

  private static Spread spread(
      List<ManyResults.Run> runs, ToDoubleFunction<ManyResults.Run> value) {
    return Spread.of(runs.stream().map(value::applyAsDouble).toList());
  }

  private long guestBytes(int count) {
    return Math.max(1, memoryBytes() / MIB / count) * MIB;
  }

  private List<Integer> counts() {
    return counts.isEmpty() ? List.of(1, 8, 32) : counts;
  }

  private long memoryBytes() {
    return (memoryMib > 0 ? memoryMib : isQuick() ? 1024 : 4096) * MIB;
  }
}
