package org.dcmigrate.peer.transfer;

import com.github.luben.zstd.util.Native;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads the native code of Zstandard. */
public final class ZstdLibrary {
  private static final Logger LOG = LoggerFactory.getLogger(ZstdLibrary.class);
  private static final String UNPACKED = "libzstd-jni*.so";

  private ZstdLibrary() {}

  /**
   * Loads the library, unless this JVM has it already. A peer can do without.
   *
   * @param directory where it is unpacked, this process's own; not used where {@code
   *     ZstdNativePath} names the library, as it has to where files here cannot be executed
   * @return whether there is one
   */
  public static synchronized boolean load(Path directory) {
    try {
      Native.load(directory.toFile());
      // A process that is killed leaves it behind, and the next one unpacks another.
      deleteUnpacked(directory);
      return true;
    } catch (UnsatisfiedLinkError | RuntimeException | IOException failed) {
      LOG.warn(
          "pages go uncompressed, as the library of zstd cannot be unpacked into {} and loaded: {};"
              + " is it mounted noexec?",
          directory,
          failed.getMessage());
      return false;
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
