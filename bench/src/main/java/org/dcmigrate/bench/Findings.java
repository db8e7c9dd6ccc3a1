package org.dcmigrate.bench;

import com.google.gson.GsonBuilder;

/**
 * What a benchmark found. As JSON it is one object, stable within a version:
 *
 * <pre>
 *   {"benchmark": "grid", "version": 1, "machine": {...}, "settings": {...}, "results": {...}}
 * </pre>
 *
 * Names end with their units; times are in seconds, sizes in bytes, rates in bytes per second,
 * shares are of 1.
 *
 * @param settings what the run was asked for
 * @param results what it measured; both are records of the benchmark
 * @param text the same as a table
 */
record Findings(String benchmark, Object settings, Object results, String text) {
  private static final int VERSION = 1;

  /** The document. */
  private record Document(
      String benchmark, int version, Machine machine, Object settings, Object results) {}

  /** The table and where it was measured. */
  String table() {
    return Machine.here().text() + "\n" + text;
  }

  String json() {
    return new GsonBuilder()
        .setPrettyPrinting()
        .disableHtmlEscaping()
        .serializeSpecialFloatingPointValues()
        .create()
        .toJson(new Document(benchmark, VERSION, Machine.here(), settings, results));
  }
}
