package org.dcmigrate.peer.guest.qemu;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What lies in a received guest's directory beside its memory.
 *
 * <pre>
 * HOME/qmp.sock         QEMU's monitor
 * HOME/qemu.pid         QEMU's process id, as QEMU wrote it
 * HOME/qemu.log         QEMU's standard output and error
 * HOME/qemu.properties  start=true or false: whether the guest is to be set running yet; there once
 *                       its device state is loaded
 * </pre>
 */
record QemuFiles(Path home) {
  private static final Logger LOG = LoggerFactory.getLogger(QemuFiles.class);
  private static final String START = "start";
  private static final int LAST_LINES = 5;
  private static final int MOST_QUOTED = 600;

  Path socket() {
    return home.resolve("qmp.sock");
  }

  Path pid() {
    return home.resolve("qemu.pid");
  }

  Path log() {
    return home.resolve("qemu.log");
  }

  Path memory(int block) {
    return home.resolve("ram-" + block);
  }

  private Path properties() {
    return home.resolve("qemu.properties");
  }

  /**
   * Checks that QEMU can be given these paths.
   *
   * @throws DcmException GUEST_UNSUPPORTED
   */
  void check() throws DcmException {
    int length = socket().toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > Posix.LONGEST_SOCKET_PATH) {
      throw new DcmException(
          Reason.GUEST_UNSUPPORTED,
          ("a socket's path must have at most %d bytes, but %s has %d; give this peer a"
                  + " shorter data directory")
              .formatted(Posix.LONGEST_SOCKET_PATH, socket(), length));
    }
    if (home.toString().contains(",")) {
      throw new DcmException(
          Reason.GUEST_UNSUPPORTED,
          ("the path %s has a comma, which ends an option of QEMU; give this peer another data"
                  + " directory")
              .formatted(home));
    }
  }

  void writeToStart(boolean start) throws IOException {
    Properties properties = new Properties();
    properties.setProperty(START, Boolean.toString(start));
    try (Writer writer = Files.newBufferedWriter(properties())) {
      properties.store(writer, null);
    }
  }

  /** Notes that the guest was set running here, where it had to be: it is its operator's now. */
  void started() {
    try {
      writeToStart(false);
    } catch (IOException failed) {
      LOG.warn(
          "{}: that the guest was started is not noted, so a restart of this peer starts it again"
              + " where it is paused: {}",
          home,
          failed.toString());
    }
  }

  /**
   * Whether the guest is to be set running: it ran when it was stopped for its migration, and has
   * not been set running here.
   */
  boolean readToStart() throws IOException {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(properties())) {
      properties.load(reader);
    }
    return Boolean.parseBoolean(properties.getProperty(START));
  }

  /** The end of QEMU's log, for an error message. */
  String lastWords() {
    try {
      String[] lines = Files.readString(log(), StandardCharsets.ISO_8859_1).strip().split("\n");
      StringBuilder words = new StringBuilder();
      for (int i = Math.max(0, lines.length - LAST_LINES); i < lines.length; i++) {
        words.append(words.isEmpty() ? "" : " | ").append(lines[i].strip());
      }
      String text = words.toString().replaceAll("[^\\x20-\\x7e]", "?");
      return text.isEmpty()
          ? "it said nothing"
          : text.substring(Math.max(0, text.length() - MOST_QUOTED));
    } catch (IOException unreadable) {
      return "it left no log";
    }
  }

  /** Deletes all of these files; memory stays. */
  void delete() {
    for (Path file : new Path[] {socket(), pid(), log(), properties()}) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException stays) {
        // It is overwritten when the directory is used again, and goes when the directory goes.
      }
    }
  }
}
