package org.dcmigrate.bench;

import java.util.List;

/** What size does to a migration; the names are those of the JSON document. */
record GrowthResults(List<Row> rows) {
  private static final double GIB = 1 << 30;

  GrowthResults {
    rows = List.copyOf(rows);
  }

  /**
   * One size, medians of all runs; the time with its spread.
   *
   * @param contentBytes that are not zero
   * @param secondsPerGib of memory, zero or not
   * @param sourcePeakBytes resident at the source beside the guest's memory, at the most
   * @param sourceGrowthBytes that, without what was resident before the migration
   * @param allowedBytes 0.4 percent of the memory and 256 MiB
   */
  record Row(
      long memoryBytes,
      long contentBytes,
      int runs,
      Spread seconds,
      double secondsPerGib,
      double cpuSecondsPerGib,
      double downtimeSeconds,
      double sourcePeakBytes,
      double destinationPeakBytes,
      double sourceGrowthBytes,
      double destinationGrowthBytes,
      double sourceHeapBytes,
      double destinationHeapBytes,
      double allowedBytes) {}

  /** For people. */
  String text() {
    Table table =
        new Table(
            0,
            "MEMORY",
            "CONTENT",
            "TIME",
            "RANGE",
            "S/GIB",
            "CPU S/GIB",
            "DOWNTIME",
            "SOURCE RSS",
            "GROWN",
            "HEAP",
            "DESTINATION RSS",
            "GROWN",
            "HEAP",
            "ALLOWED");
    for (Row row : rows) {
      table.row(
          Text.format("%.2f GiB", row.memoryBytes() / GIB),
          Text.format("%.2f GiB", row.contentBytes() / GIB),
          row.seconds().text(Text::seconds),
          row.seconds().range(Text::number),
          Text.format("%.3f", row.secondsPerGib()),
          Text.format("%.2f", row.cpuSecondsPerGib()),
          Text.millis(row.downtimeSeconds()),
          Text.mib(row.sourcePeakBytes()),
          Text.mib(row.sourceGrowthBytes()),
          Text.mib(row.sourceHeapBytes()),
          Text.mib(row.destinationPeakBytes()),
          Text.mib(row.destinationGrowthBytes()),
          Text.mib(row.destinationHeapBytes()),
          Text.mib(row.allowedBytes()));
    }
    return table.toString();
  }
}
