package org.dcmigrate.bench;

import java.util.List;

/** What came of migrations at a time; the names are those of the JSON document. */
record ManyResults(List<Row> rows) {
  ManyResults {
    rows = List.copyOf(rows);
  }

  /**
   * So many at a time, medians of all runs; some with their spread.
   *
   * @param guestBytes memory of each guest; all together have the same in each row
   * @param bytesPerSecond of all together, from the first start to the last end
   * @param toOne that by what one alone reaches
   * @param fairness Jain's index of what each got while all ran: 1 is equal shares
   * @param slowestToFastest the smallest of these shares by the largest
   * @param cpuSecondsPerGib of both peers
   * @param endedSeconds for each run when each ended, from the first start on
   */
  record Row(
      int migrations,
      int runs,
      long guestBytes,
      double seconds,
      Spread bytesPerSecond,
      double toOne,
      Spread fairness,
      double slowestToFastest,
      double longestDowntimeSeconds,
      double cpuSecondsPerGib,
      List<List<Double>> endedSeconds) {
    /** When the first one ended, the median of all runs. */
    double firstEndSeconds() {
      return Statistics.median(endedSeconds.stream().map(List::getFirst).toList());
    }
  }

  /** One run. */
  record Run(
      double seconds,
      double bytesPerSecond,
      double fairness,
      double slowestToFastest,
      double longestDowntimeSeconds,
      double cpuSecondsPerGib,
      List<Double> endedSeconds) {}

  /** For people. */
  String text() {
    Table table =
        new Table(
            0,
            "AT A TIME",
            "GUEST",
            "TIME",
            "FIRST END",
            "TOGETHER",
            "RANGE",
            "TO ONE",
            "JAIN",
            "SLOWEST/FASTEST",
            "DOWNTIME",
            "CPU S/GIB");
    for (Row row : rows) {
      table.row(
          Integer.toString(row.migrations()),
          Text.mib((double) row.guestBytes()),
          Text.seconds(row.seconds()),
          Text.seconds(row.firstEndSeconds()),
          row.bytesPerSecond().text(Text::megabytesPerSecond),
          row.bytesPerSecond().range(rate -> Text.number(rate / 1e6)),
          Text.ratio(row.toOne()),
          row.fairness().text(Text::ratio),
          Text.ratio(row.slowestToFastest()),
          Text.millis(row.longestDowntimeSeconds()),
          Text.format("%.2f", row.cpuSecondsPerGib()));
    }
    return table.toString();
  }
}
