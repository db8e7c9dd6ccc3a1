package org.dcmigrate.peer.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestHomeTest {
  @TempDir Path directory;

  @Test
  void memoryIsItsOwnersAlone() throws Exception {
    Path run = directory.resolve("run");
    Geometry geometry = new Geometry(List.of(new RamBlock("ram", 1 << 20)));
    try (GuestHome home = GuestHome.open(run.resolve("guest"), geometry)) {
      assertThat(permissions(run)).isEqualTo("rwx------");
      assertThat(permissions(home.directory())).isEqualTo("rwx------");
      assertThat(permissions(home.memoryFile(0))).isEqualTo("rw-------");
    }
    // One that is there already is taken as it is.
    try (GuestHome again = GuestHome.open(run.resolve("guest"), geometry)) {
      assertThat(permissions(again.memoryFile(0))).isEqualTo("rw-------");
    }
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
