package org.dcmigrate.ctl;

import java.util.ArrayList;
import java.util.List;

/** Rows in columns as wide as needed; or facts, a name and a value in each row. */
final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  /** A table whose first row names the columns. */
  static Table withHeader(List<String> header) {
    Table table = new Table();
    table.rows.add(header);
    return table;
  }

  /** A table of names and values. */
  static Table ofFacts() {
    return new Table();
  }

  Table row(List<String> cells) {
    rows.add(cells.stream().map(Table::cell).toList());
    return this;
  }

  /** A name and its value; left out where there is none. */
  Table fact(String name, String value) {
    return value.isEmpty() ? this : row(List.of(name, value));
  }

  @Override
  public String toString() {
    List<Integer> widths = new ArrayList<>();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        if (i == widths.size()) {
          widths.add(0);
        }
        widths.set(i, Math.max(widths.get(i), row.get(i).length()));
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        line.append(row.get(i)).append(" ".repeat(widths.get(i) - row.get(i).length())).append(GAP);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** What a peer says must not steer the terminal. */
  static String harmless(String text) {
    return text.replaceAll("\\p{Cntrl}|[\\x80-\\x9f\\u200e-\\u202e]", "?");
  }

  /** An empty cell would shift those behind it. */
  private static String cell(String text) {
    return text.isEmpty() ? "-" : harmless(text);
  }
}
