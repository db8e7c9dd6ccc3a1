package org.dcmigrate.bench;

import java.util.List;

/** What came of migrations at a time; the names are those of the JSON document. */
record ManyResults(List<Row> rows) {
  ManyResults {
    rows = List.copyOf(rows);
  }

  /**
   * So many at a time, medians of all runs.
   *
   * @param guestBytes memory of each guest; all together have the same in each row
   * @param bytesPerSecond of all together, from the first start to the last end
   * @param toOne that by what one alone reaches
   * @param fairness Jain's index of what each got while all ran: 1 is equal shares
   * @param slowestToFastest the smallest of these shares by the largest
   * @param cpuSecondsPerGib of both peers
   */
  record Row(
      int migrations,
      int runs,
      long guestBytes,
      double seconds,
      double bytesPerSecond,
      double toOne,
      double fairness,
      double slowestToFastest,
      double longestDowntimeSeconds,
      double cpuSecondsPerGib) {}

  /** One run. */
  record Run(
      double seconds,
      double bytesPerSecond,
      double fairness,
      double slowestToFastest,
      double longestDowntimeSeconds,
      double cpuSecondsPerGib) {}

  /** For people. */
  String text() {
    Table table =
        new Table(
            0,
            "AT A TIME",
            "GUEST",
            "TIME",
            "TOGETHER",
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
          Text.megabytesPerSecond(row.bytesPerSecond()),
          Text.ratio(row.toOne()),
          Text.ratio(row.fairness()),
          Text.ratio(row.slowestToFastest()),
          Text.millis(row.longestDowntimeSeconds()),
          Text.format("%.2f", row.cpuSecondsPerGib()));
    }
    return table.toString();
  }
}
