package org.dcmigrate.peer.trace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.trace.TraceEvent;
import org.dcmigrate.protocol.trace.Transition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends one line of JSON for each step, as {@code docs/trace.schema.json} says. A line is one
 * write, so that a kill leaves at most the last one torn. The file is not synced: the journal is
 * what counts, and a trace must not make a switchover longer. Where it cannot be written any more,
 * or has become too large, it ends, with a line in the log, and the peer goes on.
 */
public final class TraceFile implements Trace, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TraceFile.class);

  /** Refused requests are traced, too: a peer that makes many must not fill the disk. */
  private static final long MOST_BYTES = 1L << 30;

  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder()
          .appendPattern("uuuu-MM-dd'T'HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 9, 9, true)
          .appendLiteral('Z')
          .toFormatter(Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final PeerId peer;
  private final Clock clock;
  private final FileChannel file;
  private final long mostBytes;
  private final UUID life = UUID.randomUUID();
  private long number;
  private boolean broken;

  private TraceFile(PeerId peer, Clock clock, FileChannel file, long mostBytes) {
    this.peer = peer;
    this.clock = clock;
    this.file = file;
    this.mostBytes = mostBytes;
  }

  /**
   * Opens or makes the file, for its owner's eyes only. It ends at 1 GiB.
   *
   * @throws DcmException INTERNAL where it cannot be written
   */
  public static TraceFile open(Path path, PeerId peer, Clock clock) throws DcmException {
    return open(path, peer, clock, MOST_BYTES);
  }

  static TraceFile open(Path path, PeerId peer, Clock clock, long mostBytes) throws DcmException {
    try {
      FileChannel file =
          FileChannel.open(
              path,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      if (endsInMidLine(path)) {
        // Torn when the machine crashed: what follows is whole again.
        file.write(ByteBuffer.wrap(new byte[] {'\n'}));
      }
      TraceFile trace = new TraceFile(peer, clock, file, mostBytes);
      // A life of which only the first steps fit in would look as if it had been cut off there.
      if (file.size() > mostBytes - mostBytes / 16) {
        trace.endAsTooLarge();
      }
      return trace;
    } catch (IOException failed) {
      throw new DcmException(
          Reason.INTERNAL,
          "the trace %s cannot be written: %s; does its directory exist?"
              .formatted(path, failed.getMessage()),
          failed);
    }
  }

  private static boolean endsInMidLine(Path path) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      return file.size() > 0 && file.read(last, file.size() - 1) == 1 && last.get(0) != '\n';
    }
  }

  @Override
  public synchronized void stepped(MigrationId migration, Transition transition) {
    if (!transition.telling() || broken) {
      return;
    }
    TraceEvent event =
        new TraceEvent(
            TIME.format(clock.instant()),
            peer.uri(),
            life.toString(),
            ++number,
            migration.toString(),
            transition);
    try {
      ByteBuffer line = StandardCharsets.UTF_8.encode(event.toJson() + "\n");
      if (file.size() + line.remaining() > mostBytes) {
        endAsTooLarge();
        return;
      }
      while (line.hasRemaining()) {
        file.write(line);
      }
    } catch (IOException failed) {
      broken = true;
      LOG.error("the trace ends here, as it cannot be written: {}", failed.getMessage());
    }
  }

  private void endAsTooLarge() {
    broken = true;
    LOG.error("the trace ends here: it would exceed {} bytes; move it away", mostBytes);
  }

  @Override
  public synchronized void close() {
    broken = true;
    try {
      file.close();
    } catch (IOException failed) {
      LOG.warn("the trace is not closed well: {}", failed.getMessage());
    }
  }
}
