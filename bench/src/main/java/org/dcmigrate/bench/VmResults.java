package org.dcmigrate.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.dcmigrate.bench.VmRig.Parts;
import org.dcmigrate.bench.VmRig.Run;

/** What moved a virtual machine how; the names are those of the JSON document. */
record VmResults(List<Row> rows) {
  VmResults {
    rows = List.copyOf(rows);
  }

  /**
   * One contender; its runs with their spread, ratios round for round.
   *
   * @param seconds from the start, or from the redirect or cancel, until the guest was resumed
   * @param downtimeParts medians, each by itself; all 0 for QEMU alone, which does not tell
   * @param workLeft what the guest did per second meanwhile, by what it did undisturbed
   * @param reference the contender that it is compared with; empty for a reference itself
   */
  record Row(
      String contender,
      int runs,
      Spread seconds,
      Spread downtimeSeconds,
      Parts downtimeParts,
      Spread workLeft,
      String reference,
      Spread secondsToReference,
      double downtimeSecondsBeyondReference,
      Spread workLeftToReference) {}

  static VmResults of(Map<String, List<Run>> runs, Map<String, String> references) {
    List<Row> rows = new ArrayList<>();
    runs.forEach(
        (contender, all) -> {
          String reference = references.getOrDefault(contender, "");
          List<Run> others = runs.getOrDefault(reference, List.of());
          rows.add(
              new Row(
                  contender,
                  all.size(),
                  Spread.of(values(all, Run::seconds)),
                  downtime(all),
                  parts(all),
                  Spread.of(values(all, Run::workLeft)),
                  reference,
                  Spread.ofRatios(values(all, Run::seconds), values(others, Run::seconds)),
                  downtime(all).median() - downtime(others).median(),
                  Spread.ofRatios(values(all, Run::workLeft), values(others, Run::workLeft))));
        });
    return new VmResults(rows);
  }

  private static Spread downtime(List<Run> runs) {
    return Spread.of(values(runs, Run::downtimeSeconds));
  }

  private static Parts parts(List<Run> runs) {
    return new Parts(
        Statistics.median(values(runs, run -> run.parts().lastPagesSeconds())),
        Statistics.median(values(runs, run -> run.parts().prepareSeconds())),
        Statistics.median(values(runs, run -> run.parts().commitSeconds())));
  }

  private static List<Double> values(List<Run> runs, ToDoubleFunction<Run> value) {
    return runs.stream().map(value::applyAsDouble).toList();
  }

  /** For people. */
  String text() {
    Table table =
        new Table(
            1,
            "CONTENDER",
            "TIME",
            "RANGE",
            "BY QEMU'S",
            "DOWNTIME",
            "RANGE",
            "BEYOND QEMU'S",
            "PAGES+PREPARE+COMMIT",
            "WORK LEFT",
            "RANGE",
            "BY QEMU'S");
    for (Row row : rows) {
      boolean compared = !row.reference().isEmpty();
      table.row(
          row.contender(),
          row.seconds().text(Text::seconds),
          row.seconds().range(Text::number),
          compared ? row.secondsToReference().text(Text::ratio) : "",
          row.downtimeSeconds().text(Text::millis),
          row.downtimeSeconds().range(seconds -> Text.number(1000 * seconds)),
          compared ? Text.millis(row.downtimeSecondsBeyondReference()) : "",
          compared ? text(row.downtimeParts()) : "",
          row.workLeft().text(Text::percent),
          row.workLeft().range(part -> Text.number(100 * part)),
          compared ? row.workLeftToReference().text(Text::ratio) : "");
    }
    return table.toString();
  }

  private static String text(Parts parts) {
    return Text.format(
        "%.0f+%.0f+%.0f ms",
        1000 * parts.lastPagesSeconds(),
        1000 * parts.prepareSeconds(),
        1000 * parts.commitSeconds());
  }
}
