package org.dcmigrate.peer.journal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.sqlite.SQLiteJDBCLoader;

/**
 * Loads SQLite's native code. The driver unpacks it into a file of a new name each time and deletes
 * that when the JVM ends in order: where one is killed instead, it fills the directory for
 * temporary files, which is everybody's. So it is unpacked beside the journal, and deleted as soon
 * as it is loaded; what a kill in between leaves goes at the next start.
 */
final class SqliteLibrary {
  private static final String DIRECTORY_PROPERTY = "org.sqlite.tmpdir";
  private static final String UNPACKED = "sqlite-*-libsqlitejdbc.so*";

  private SqliteLibrary() {}

  /**
   * Loads the library, unless this JVM has it already.
   *
   * @param directory where it is unpacked, this process's own; not used where {@code
   *     org.sqlite.tmpdir} names another, as it has to where files here cannot be executed
   */
  static synchronized void load(Path directory) throws DcmException {
    if (System.getProperty(DIRECTORY_PROPERTY) != null) {
      return;
    }
    System.setProperty(DIRECTORY_PROPERTY, directory.toString());
    try {
      deleteUnpacked(directory);
      SQLiteJDBCLoader.initialize();
      deleteUnpacked(directory);
    } catch (Exception failed) {
      throw new DcmException(
          Reason.INTERNAL,
          "SQLite's library cannot be unpacked into %s and loaded: %s; is it mounted noexec?"
              .formatted(directory, failed.getMessage()),
          failed);
    } finally {
      System.clearProperty(DIRECTORY_PROPERTY);
    }
  }

  private static void deleteUnpacked(Path directory) throws IOException {
    try (DirectoryStream<Path> unpacked = Files.newDirectoryStream(directory, UNPACKED)) {
      for (Path file : unpacked) {
        Files.deleteIfExists(file);
      }
    }
  }
}
