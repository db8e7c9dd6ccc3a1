package org.dcmigrate.bench;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

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
 * @param text the same for people
 */
record Findings(String benchmark, Object settings, Object results, String text) {
  private static final int VERSION = 1;

  /** The document. */
  private record Document(
      String benchmark, int version, Machine machine, Object settings, Object results) {}

  /** Where it was measured. */
  private record Machine(
      String kernel, String architecture, int processors, long memoryBytes, String java) {
    static Machine here() {
      return new Machine(
          System.getProperty("os.name") + " " + System.getProperty("os.version"),
          System.getProperty("os.arch"),
          Runtime.getRuntime().availableProcessors(),
          memory(),
          System.getProperty("java.vm.version"));
    }

    private static long memory() {
      try {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
            .filter(line -> line.startsWith("MemTotal:"))
            .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElse(0);
      } catch (IOException none) {
        return 0;
      }
    }
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
