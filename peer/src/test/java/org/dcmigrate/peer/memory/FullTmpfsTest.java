package org.dcmigrate.peer.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run directory that others fill up after a guest was admitted; needs the right to mount. */
class FullTmpfsTest {
  private static final int PAGE = Geometry.PAGE_BYTES;
  private static final int PAGES = 1024;
  private static final Geometry GEOMETRY =
      new Geometry(List.of(new RamBlock("ram", (long) PAGE * PAGES)));

  @TempDir Path directory;

  @BeforeEach
  void mount() throws Exception {
    assumeTrue(succeeds("mount", "-t", "tmpfs", "-o", "size=8m", "none", directory.toString()));
  }

  @AfterEach
  void unmount() throws Exception {
    succeeds("umount", directory.toString());
  }

  private static boolean succeeds(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  @Test
  void whatHasNoRoomIsRefusedAndWhatWasHeldStays() throws Exception {
    try (GuestHome home = GuestHome.open(directory.resolve("home"), GEOMETRY);
        PageStore store = new PageStore(home, PageDigest.Algorithm.CRC64)) {
      store.apply(Chunk.zero(0, 0, PAGES, 1));
      store.apply(content(0, 2));
      fill();
      refused(() -> store.apply(content(1, 2)));
      // Through the mapping even looking at a hole takes up a page.
      refused(() -> store.chunks(new Extent(0, 2, 1)));
      refused(() -> store.apply(Chunk.zero(0, 3, 1, 2)));
      assertThat(store.chunks(new Extent(0, 0, 1))).hasSize(1);
      Files.delete(directory.resolve("others"));
      assertThat(store.apply(content(1, 2)).acceptedPages()).isEqualTo(1);
      assertThat(store.apply(Chunk.zero(0, 3, 1, 2)).acceptedPages()).isEqualTo(1);
      assertThat(store.chunks(new Extent(0, 2, 1))).allMatch(Chunk::isZero);
    }
  }

  private void fill() {
    byte[] much = new byte[16 << 20];
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> Files.write(directory.resolve("others"), much));
  }

  private static void refused(ThrowingCallable call) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(call)
        .matches(refusal -> refusal.reason() == Reason.LIMIT_EXCEEDED);
  }

  private static Chunk content(int page, int generation) {
    byte[] bytes = new byte[PAGE];
    Arrays.fill(bytes, (byte) 7);
    return Chunk.of(0, page, generation, MemorySegment.ofArray(bytes));
  }
}
