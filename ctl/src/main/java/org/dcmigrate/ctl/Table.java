package org.dcmigrate.ctl;

import java.util.ArrayList;
import java.util.List;

/** Columns for people, left-aligned; what came over the wire is made harmless on the way. */
final class Table {
  private static final int GAP = 2;

  private final List<List<String>> rows = new ArrayList<>();

  Table(String... headings) {
    if (headings.length > 0) {
      rows.add(List.of(headings));
    }
  }

  Table row(String... cells) {
    rows.add(List.of(cells).stream().map(Table::harmless).toList());
    return this;
  }

  /** All lines, each ended by a line feed. */
  String text() {
    int columns = rows.stream().mapToInt(List::size).max().orElse(0);
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + GAP);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** Without control characters, which could do harm in a terminal. */
  static String harmless(String text) {
    return text.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
