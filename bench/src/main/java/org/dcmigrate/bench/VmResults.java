package org.dcmigrate.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What moved a virtual machine how; the names are those of the JSON document. */
record VmResults(List<Row> rows) {
  VmResults {
    rows = List.copyOf(rows);
  }

  /**
   * One contender; its runs with their spread, and ratios and differences of the medians.
   *
   * @param seconds from the start, or from the redirect or cancel, until the guest was resumed
   * @param workLeft what the guest did per second meanwhile, by what it did undisturbed
   * @param reference the contender that it is compared with; empty for a reference itself
   */
  record Row(
      String contender,
      int runs,
      Spread seconds,
      Spread downtimeSeconds,
      Spread workLeft,
      String reference,
      double secondsToReference,
      double downtimeSecondsBeyondReference,
      double workLeftToReference) {}

  static VmResults of(Map<String, List<VmRig.Run>> runs, Map<String, String> references) {
    List<Row> rows = new ArrayList<>();
    runs.forEach(
        (contender, all) -> {
          String reference = references.getOrDefault(contender, "");
          List<VmRig.Run> others = runs.getOrDefault(reference, List.of());
          rows.add(
              new Row(
                  contender,
                  all.size(),
                  seconds(all),
                  downtime(all),
                  workLeft(all),
                  reference,
                  Statistics.ratio(seconds(all).median(), seconds(others).median()),
                  downtime(all).median() - downtime(others).median(),
                  Statistics.ratio(workLeft(all).median(), workLeft(others).median())));
        });
    return new VmResults(rows);
  }

  private static Spread seconds(List<VmRig.Run> runs) {
    return Spread.of(runs.stream().map(VmRig.Run::seconds).toList());
  }

  private static Spread downtime(List<VmRig.Run> runs) {
    return Spread.of(runs.stream().map(VmRig.Run::downtimeSeconds).toList());
  }

  private static Spread workLeft(List<VmRig.Run> runs) {
    return Spread.of(runs.stream().map(VmRig.Run::workLeft).toList());
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
            "WORK LEFT",
            "RANGE",
            "BY QEMU'S");
    for (Row row : rows) {
      boolean compared = !row.reference().isEmpty();
      table.row(
          row.contender(),
          row.seconds().text(Text::seconds),
          row.seconds().range(Text::number),
          compared ? Text.ratio(row.secondsToReference()) : "",
          row.downtimeSeconds().text(Text::millis),
          row.downtimeSeconds().range(seconds -> Text.number(1000 * seconds)),
          compared ? Text.millis(row.downtimeSecondsBeyondReference()) : "",
          row.workLeft().text(Text::percent),
          row.workLeft().range(part -> Text.number(100 * part)),
          compared ? Text.ratio(row.workLeftToReference()) : "");
    }
    return table.toString();
  }
}
