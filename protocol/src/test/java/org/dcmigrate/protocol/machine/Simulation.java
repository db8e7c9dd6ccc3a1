package org.dcmigrate.protocol.machine;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Runs schedules by seeds on all processors. {@code dev/sim} calls {@link #main}: {@code --seeds N
 * [--first F]} runs N of them, {@code --seed S [--trace]} one, {@code --mutants} those of {@link
 * Mutants}.
 */
final class Simulation {
  /** What came of many schedules. Each broken one by its seed, with the rule that was broken. */
  record Summary(long schedules, Map<String, Long> endings, Map<Long, String> broken) {}

  private Simulation() {}

  /** Runs these seeds; a broken schedule ends it after those that are under way. */
  static Summary run(Machines machines, long first, long count) throws InterruptedException {
    AtomicLong next = new AtomicLong(first);
    LongAdder done = new LongAdder();
    Map<String, LongAdder> endings = new ConcurrentSkipListMap<>();
    Map<Long, String> broken = new ConcurrentSkipListMap<>();
    Thread[] workers = new Thread[Runtime.getRuntime().availableProcessors()];
    for (int i = 0; i < workers.length; i++) {
      workers[i] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (broken.isEmpty()) {
                      long seed = next.getAndIncrement();
                      if (seed >= first + count) {
                        return;
                      }
                      try {
                        Schedule schedule = Schedule.run(machines, seed, false);
                        endings
                            .computeIfAbsent(schedule.ending(), ending -> new LongAdder())
                            .increment();
                      } catch (Schedule.Broken rule) {
                        broken.put(seed, String.valueOf(rule.getMessage()));
                      }
                      done.increment();
                    }
                  });
    }
    for (Thread worker : workers) {
      worker.join();
    }
    Map<String, Long> counts = new TreeMap<>();
    endings.forEach((ending, number) -> counts.put(ending, number.sum()));
    return new Summary(done.sum(), counts, Map.copyOf(broken));
  }

  /** The command line. */
  public static void main(String[] arguments) throws InterruptedException {
    long seeds = 20_000;
    long first = 1;
    long one = -1;
    boolean trace = false;
    boolean mutants = false;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--seeds" -> seeds = Long.parseLong(arguments[++i]);
        case "--first" -> first = Long.parseLong(arguments[++i]);
        case "--seed" -> one = Long.parseLong(arguments[++i]);
        case "--trace" -> trace = true;
        case "--mutants" -> mutants = true;
        default -> {
          System.err.println(
              "usage: dev/sim [--seeds N [--first F]] | --seed S [--trace] | --mutants");
          System.exit(2);
        }
      }
    }
    boolean good = mutants ? mutants() : one >= 0 ? one(one, trace) : many(first, seeds);
    System.exit(good ? 0 : 1);
  }

  private static boolean many(long first, long seeds) throws InterruptedException {
    long startNs = System.nanoTime();
    Summary summary = run(Machines.REAL, first, seeds);
    double seconds = (System.nanoTime() - startNs) / 1e9;
    System.out.printf(
        "%d schedules in %.1f s, %.0f a second%n",
        summary.schedules(), seconds, summary.schedules() / seconds);
    summary.endings().forEach((ending, count) -> System.out.printf("%10d %s%n", count, ending));
    summary
        .broken()
        .forEach(
            (seed, rule) ->
                System.out.printf(
                    "BROKEN seed %d: %s%n       replay: dev/sim --seed %d --trace%n",
                    seed, rule, seed));
    System.out.printf("%d broken%n", summary.broken().size());
    return summary.broken().isEmpty();
  }

  private static boolean one(long seed, boolean trace) {
    try {
      Schedule schedule = Schedule.run(Machines.REAL, seed, trace);
      schedule.world().log().forEach(System.out::println);
      System.out.println("seed " + seed + ": " + schedule.ending());
      return true;
    } catch (Schedule.Broken broken) {
      broken.log().forEach(System.out::println);
      System.out.println("seed " + seed + " BROKEN: " + broken.getMessage());
      return false;
    }
  }

  private static boolean mutants() throws InterruptedException {
    System.out.printf("%-62s %-5s %8s  %s%n", "mutant", "rule", "seeds", "caught by");
    boolean good = true;
    for (Mutants.Mutant mutant : Mutants.ALL) {
      Mutants.Catch caught = Mutants.hunt(mutant);
      good &= caught.caught();
      System.out.printf(
          "%-62s %-5s %8d  %s%n", mutant.name(), mutant.rule(), caught.seeds(), caught.by());
    }
    return good;
  }
}
