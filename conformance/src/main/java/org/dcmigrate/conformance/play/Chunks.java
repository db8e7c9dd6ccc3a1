package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.v1.PageChunk;

/** Makes page chunks, right ones; cases spoil them. */
public final class Chunks {
  private static final int CONTENT_PAGES = 24;

  private Chunks() {}

  /** Contents of pages, decided by a seed. */
  public static ByteString content(long seed, int pages) {
    byte[] bytes = new byte[pages * Geometry.PAGE_BYTES];
    new SplittableRandom(seed).nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  /** Pages with contents. */
  public static PageChunk of(int block, long firstPage, int generation, ByteString payload) {
    return PageChunk.newBuilder()
        .setBlock(block)
        .setFirstPage(firstPage)
        .setPageCount(payload.size() / Geometry.PAGE_BYTES)
        .setGeneration(generation)
        .setPayloadCrc32C(crc32c(payload))
        .setPayload(payload)
        .build();
  }

  /** One page of the first block, with contents decided by a seed. */
  public static PageChunk page(long page, int generation, long seed) {
    return of(0, page, generation, content(seed, 1));
  }

  /** Zero pages. */
  public static PageChunk zero(int block, long firstPage, long pages, int generation) {
    return PageChunk.newBuilder()
        .setBlock(block)
        .setFirstPage(firstPage)
        .setPageCount(pages)
        .setGeneration(generation)
        .build();
  }

  /** All memory of a guest: some contents at the start of the first block, zero pages else. */
  public static List<PageChunk> all(Geometry geometry, int generation) {
    List<PageChunk> chunks = new ArrayList<>();
    for (int block = 0; block < geometry.blocks().size(); block++) {
      long from = block == 0 ? CONTENT_PAGES : 0;
      chunks.add(zero(block, from, geometry.blocks().get(block).pages() - from, generation));
    }
    chunks.add(of(0, 0, generation, content(generation, CONTENT_PAGES)));
    return chunks;
  }

  /** The checksum of a payload. */
  public static int crc32c(ByteString payload) {
    CRC32C crc = new CRC32C();
    crc.update(payload.asReadOnlyByteBuffer());
    return (int) crc.getValue();
  }
}
