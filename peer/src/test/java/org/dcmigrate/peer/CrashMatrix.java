package org.dcmigrate.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs all crash points, or those whose name has a word in it, and prints what came of each. */
final class CrashMatrix {
  private static final String ROW = "%-66s %-31s %-6s %s%n";
  private static final int AT_A_TIME = 2;

  private record Row(String text, boolean broken, double seconds) {}

  private CrashMatrix() {}

  public static void main(String[] arguments) throws Exception {
    String word = arguments.length == 0 ? "" : arguments[0];
    List<Callable<Row>> points = new ArrayList<>();
    for (CrashPoint point : CrashPoint.all()) {
      if (point.toString().contains(word)) {
        points.add(() -> row(point));
      }
    }
    System.out.printf(ROW, "Point", "Outcome", "Owner", "Time to the end after the return");
    int broken = 0;
    double longest = 0;
    try (ExecutorService executor = Executors.newFixedThreadPool(AT_A_TIME)) {
      List<Future<Row>> rows = new ArrayList<>();
      points.forEach(point -> rows.add(executor.submit(point)));
      for (Future<Row> future : rows) {
        Row row = future.get();
        System.out.print(row.text());
        broken += row.broken() ? 1 : 0;
        longest = Math.max(longest, row.seconds());
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%d points, %d with a rule broken, longest time to the end %.1f s%n",
        points.size(),
        broken,
        longest);
    System.exit(broken > 0 || points.isEmpty() ? 1 : 0);
  }

  /** One that cannot even be run is a broken one, and keeps none of the others from being run. */
  private static Row row(CrashPoint point) {
    try {
      CrashRun.Result result = CrashRun.of(point);
      String time =
          result.before() ? "ended before" : String.format(Locale.ROOT, "%.1f s", result.seconds());
      String text = ROW.formatted(point, result.outcome(), result.owner(), time);
      return new Row(text, false, result.seconds());
    } catch (AssertionError broken) {
      return new Row(ROW.formatted(point, "BROKEN: " + broken.getMessage(), "", ""), true, 0);
    } catch (Exception failed) {
      return new Row(ROW.formatted(point, "FAILED: " + failed, "", ""), true, 0);
    }
  }
}
