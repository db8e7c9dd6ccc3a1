package org.dcmigrate.protocol.trace;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads trace files, of one peer each or of several, and has them checked. */
public final class TraceReader {
  private final List<TraceCheck.Located> events = new ArrayList<>();
  private final List<TraceCheck.Finding> malformed = new ArrayList<>();

  /**
   * Reads one more file. A line that a peer was killed in the middle of is passed over: the last
   * one, if it has no end, or one that another life follows.
   *
   * @throws IOException where it cannot be read, or is no text
   */
  public void read(Path file) throws IOException {
    boolean ends = endsWithLine(file);
    Optional<TraceCheck.Finding> suspect = Optional.empty();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      int number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        String where = file.getFileName() + ":" + number;
        try {
          TraceEvent event = TraceEvent.parse(line);
          suspect.filter(broken -> event.number() != 1).ifPresent(malformed::add);
          suspect = Optional.empty();
          events.add(new TraceCheck.Located(where, event));
        } catch (TraceFormatException wrong) {
          suspect.ifPresent(malformed::add);
          suspect =
              Optional.of(
                  new TraceCheck.Finding(where, "DCM-OBS-001", String.valueOf(wrong.getMessage())));
        }
      }
    }
    suspect.filter(broken -> ends).ifPresent(malformed::add);
  }

  private static boolean endsWithLine(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      return channel.size() == 0
          || channel.read(last, channel.size() - 1) < 1
          || last.get(0) == '\n';
    }
  }

  /** What was read, in order. */
  public List<TraceCheck.Located> events() {
    return List.copyOf(events);
  }

  /** What is wrong with it: first the form, then what the events tell. */
  public List<TraceCheck.Finding> check(Tables tables, TraceCheck.Given given) {
    List<TraceCheck.Finding> findings = new ArrayList<>(malformed);
    findings.addAll(TraceCheck.check(events, tables, given));
    return findings;
  }
}
