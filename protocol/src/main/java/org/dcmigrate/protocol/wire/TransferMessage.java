package org.dcmigrate.protocol.wire;

import java.lang.foreign.MemorySegment;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;

/** One message of a sender of pages. */
public sealed interface TransferMessage {

  /** First, and only first. */
  record Open(Attempt attempt) implements TransferMessage {}

  /**
   * A run of neighbouring pages of one generation.
   *
   * @param generation unsigned, not 0
   * @param payloadCrc32c of the payload; without meaning where that is empty
   * @param payload 4096 bytes for each page, at most 1 MiB; empty when all these pages are zero. On
   *     the receiving side it is valid until the call's listener returns from this message; on the
   *     sending side it must not change before the transport has taken the message
   */
  record Chunk(
      int block,
      long firstPage,
      long pageCount,
      int generation,
      int payloadCrc32c,
      PagePayload payload)
      implements TransferMessage {

    /** Pages with content, as many as the payload holds. */
    public static Chunk of(int block, long firstPage, int generation, MemorySegment payload) {
      PagePayload pages = PagePayload.of(payload);
      long pageCount = pages.bytes() / Geometry.PAGE_BYTES;
      return new Chunk(block, firstPage, pageCount, generation, pages.crc32c(), pages);
    }

    /** Pages that are all zero. */
    public static Chunk zero(int block, long firstPage, long pageCount, int generation) {
      return new Chunk(block, firstPage, pageCount, generation, 0, PagePayload.EMPTY);
    }

    /** Which pages these are. */
    public Extent extent() {
      return new Extent(block, firstPage, pageCount);
    }

    /** Size of the payload. */
    public long payloadBytes() {
      return payload.bytes();
    }

    /** Whether all these pages are zero. */
    public boolean isZero() {
      return payload.bytes() == 0;
    }
  }

  /**
   * A message that breaks the protocol; only received. A value, because the transport would turn an
   * exception into an error without a reason.
   */
  record Malformed(Failure why) implements TransferMessage {}
}
