package org.dcmigrate.peer.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.dcmigrate.peer.Allocated;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.pages.PageDigest;
import org.junit.jupiter.api.Test;

/** A source makes chunks of what its guest gives without garbage for each page. */
class SourcePagesAllocationTest {
  private static final int MANY = 256;
  private static final double LEAST_OBJECT = 16;

  @Test
  void allocatesNothingPerPage() throws Exception {
    byte[] content = new byte[MANY * Geometry.PAGE_BYTES];
    try (SourcePages pages =
        new SourcePages(
            new Geometry(List.of(new RamBlock("a", (long) MANY * Geometry.PAGE_BYTES))),
            PageDigest.Algorithm.CRC64)) {
      double perPage =
          Allocated.bytesPerPage(
              (count, time) -> {
                Arrays.fill(content, (byte) (time % 100 + 1));
                var _ = pages.emitted(0, 0, count, MemorySegment.ofArray(content), false);
              },
              1,
              MANY);

      assertThat(perPage).isLessThan(LEAST_OBJECT / 2);
    }
  }
}
