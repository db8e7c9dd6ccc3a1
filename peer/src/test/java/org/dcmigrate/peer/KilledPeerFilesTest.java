package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a killed daemon leaves on disk: its journal, and nothing that piles up. */
class KilledPeerFilesTest {
  private static final String UNPACKED = "sqlite-3.0.0-0-libsqlitejdbc.so";

  @TempDir private Path directory = Path.of("");

  @Test
  void leavesNothingButItsJournal() throws Exception {
    Path state = Files.createDirectories(directory.resolve("a-state"));
    // As of a daemon killed while it loaded the library.
    Files.createFile(state.resolve(UNPACKED));
    Files.createFile(state.resolve(UNPACKED + ".lck"));
    try (ProcessPeers peers = new ProcessPeers(directory, Map.of(), "a")) {
      peers.kill("a");
      assertThat(names(peers.temporaryDirectory("a"))).isEmpty();
      assertThat(names(state)).contains("journal.db").allMatch(name -> name.startsWith("journal"));
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
