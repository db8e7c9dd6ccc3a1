package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Compares the log of a scenario with the one on record. Run with {@code -Ddcm.golden.update=true}
 * to put the new one on record; keep it only if you understand what has changed it.
 */
final class GoldenLog {
  private static final Path DIRECTORY =
      Path.of(System.getProperty("basedir", "."), "src", "test", "resources", "golden");

  private GoldenLog() {}

  static void compare(String scenario, List<String> log) {
    Path file = DIRECTORY.resolve(scenario + ".txt");
    String now = String.join("\n", log) + "\n";
    try {
      if (Boolean.getBoolean("dcm.golden.update")) {
        Files.createDirectories(DIRECTORY);
        Files.writeString(file, now);
      }
      assertThat(now).as(file.toString()).isEqualTo(Files.readString(file));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
