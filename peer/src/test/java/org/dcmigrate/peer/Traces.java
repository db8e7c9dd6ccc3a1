package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dcmigrate.protocol.trace.Tables;
import org.dcmigrate.protocol.trace.TraceCheck;
import org.dcmigrate.protocol.trace.TraceReader;

/** The traces of all peers of a test together, whatever the test was about. */
final class Traces {
  private Traces() {}

  /** Asserts that they break no rule. */
  static void assertSound(List<Path> files) {
    TraceReader reader = new TraceReader();
    for (Path file : files) {
      try {
        if (Files.exists(file)) {
          reader.read(file);
        }
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
    }
    assertThat(reader.check(Tables.published(), TraceCheck.Given.WHOLE)).isEmpty();
  }
}
