package org.dcmigrate.peer.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.dcmigrate.peer.Allocated;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.wire.PagePayload;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A destination takes pages up without garbage for each: chunks and their pieces cost. */
class PageStoreAllocationTest {
  private static final int MANY = 256;
  private static final int FEW = 8;
  // As the transport has them: pages do not begin where frames do.
  private static final int FIRST_PIECE_BYTES = 1000;
  private static final double LEAST_OBJECT = 16;

  @TempDir Path directory;

  @Test
  void allocatesNothingPerPage() throws Exception {
    Geometry geometry = new Geometry(List.of(new RamBlock("a", (long) MANY * Geometry.PAGE_BYTES)));
    try (Arena arena = Arena.ofConfined();
        GuestHome home = GuestHome.open(directory.resolve("home"), geometry);
        PageStore store = new PageStore(home, PageDigest.Algorithm.CRC64)) {
      MemorySegment content = arena.allocate((long) MANY * Geometry.PAGE_BYTES).fill((byte) 7);

      double perPage =
          Allocated.bytesPerPage(
              (pages, time) -> store.apply(inOnePiece(content, pages, time + 1)), 1, MANY);
      double perPageInPieces =
          Allocated.bytesPerPage(
              (pages, time) -> store.apply(inPieces(content, pages, 1000 + time)), FEW, MANY);

      assertThat(perPage).isLessThan(LEAST_OBJECT / 2);
      assertThat(perPageInPieces).isLessThan(LEAST_OBJECT / 2);
    }
  }

  private static Chunk inOnePiece(MemorySegment content, int pages, int generation) {
    return Chunk.of(0, 0, generation, content.asSlice(0, (long) pages * Geometry.PAGE_BYTES));
  }

  /** In three pieces, whatever their size. */
  private static Chunk inPieces(MemorySegment content, int pages, int generation) {
    MemorySegment all = content.asSlice(0, (long) pages * Geometry.PAGE_BYTES);
    Chunk whole = inOnePiece(content, pages, generation);
    long half = all.byteSize() / 2;
    List<MemorySegment> pieces =
        List.of(
            all.asSlice(0, FIRST_PIECE_BYTES),
            all.asSlice(FIRST_PIECE_BYTES, half),
            all.asSlice(FIRST_PIECE_BYTES + half));
    return new Chunk(
        whole.block(),
        whole.firstPage(),
        whole.pageCount(),
        whole.generation(),
        whole.payloadCrc32c(),
        whole.compression(),
        PagePayload.of(pieces));
  }
}
