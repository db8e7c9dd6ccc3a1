package org.dcmigrate.bench;

import java.util.List;

/** What moved a guest's memory how fast; the names are those of the JSON document. */
record LineResults(List<Row> rows, List<String> missing, String tlsLibrary) {
  LineResults {
    rows = List.copyOf(rows);
    missing = List.copyOf(missing);
  }

  /**
   * One contender, medians of all runs; the rate with its spread.
   *
   * @param reference the contender that the ratios are by, round for round; empty for a reference
   *     itself
   * @param cpuSecondsPerGib of both ends
   */
  record Row(
      String contender,
      int runs,
      Spread bytesPerSecond,
      double cpuSecondsPerGib,
      String reference,
      Spread toReference,
      Spread cpuToReference) {}

  /** For people. */
  String text() {
    Table table =
        new Table(
            1,
            "CONTENDER",
            "RATE",
            "RANGE",
            "CPU S/GIB",
            "BY COPY",
            "RANGE",
            "CPU BY COPY",
            "RANGE");
    for (Row row : rows) {
      boolean compared = !row.reference().isEmpty();
      table.row(
          row.contender(),
          row.bytesPerSecond().text(Text::gigabytesPerSecond),
          row.bytesPerSecond().range(rate -> Text.number(rate / 1e9)),
          Text.format("%.2f", row.cpuSecondsPerGib()),
          compared ? row.toReference().text(Text::ratio) : "",
          compared ? row.toReference().range(Text::number) : "",
          compared ? row.cpuToReference().text(Text::ratio) : "",
          compared ? row.cpuToReference().range(Text::number) : "");
    }
    StringBuilder text = new StringBuilder().append(table);
    text.append("TLS of the copy: ").append(tlsLibrary).append('\n');
    missing.forEach(sentence -> text.append("not measured: ").append(sentence).append('\n'));
    return text.toString();
  }
}
