package org.dcmigrate.protocol.trace;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads trace files, of one peer each or of several, and has them checked. */
public final class TraceReader {
  private final List<TraceCheck.Located> events = new ArrayList<>();
  private final List<TraceCheck.Finding> malformed = new ArrayList<>();

  /**
   * Reads one more file.
   *
   * @throws IOException where it cannot be read, or is no text
   */
  public void read(Path file) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        String where = file.getFileName() + ":" + number;
        try {
          events.add(new TraceCheck.Located(where, TraceEvent.parse(line)));
        } catch (TraceFormatException wrong) {
          malformed.add(
              new TraceCheck.Finding(where, "DCM-OBS-001", String.valueOf(wrong.getMessage())));
        }
      }
    }
  }

  /** What was read, in order. */
  public List<TraceCheck.Located> events() {
    return List.copyOf(events);
  }

  /** What is wrong with it: first the form, then what the events tell. */
  public List<TraceCheck.Finding> check(Tables tables) {
    List<TraceCheck.Finding> findings = new ArrayList<>(malformed);
    findings.addAll(TraceCheck.check(events, tables));
    return findings;
  }
}
