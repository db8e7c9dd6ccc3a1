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
   * @param payloadCrc32c of the pages' contents, compressed or not; without meaning where all these
   *     pages are zero
   * @param compression how the payload is compressed
   * @param payload 4096 bytes for each page, at most 1 MiB, or fewer bytes that they can be had
   *     from; empty when all these pages are zero. On the receiving side it is valid until the
   *     call's listener returns from this message; on the sending side it must not change before
   *     the transport has taken the message
   */
  record Chunk(
      int block,
      long firstPage,
      long pageCount,
      int generation,
      int payloadCrc32c,
      Compression compression,
      PagePayload payload)
      implements TransferMessage {

    /** Pages with content, as many as the payload holds. */
    public static Chunk of(int block, long firstPage, int generation, MemorySegment payload) {
      return of(block, firstPage, generation, payload, PagePayload.of(payload).crc32c());
    }

    /** Pages with content whose checksum is known. */
    public static Chunk of(
        int block, long firstPage, int generation, MemorySegment payload, int crc32c) {
      PagePayload pages = PagePayload.of(payload);
      long pageCount = pages.bytes() / Geometry.PAGE_BYTES;
      return new Chunk(block, firstPage, pageCount, generation, crc32c, Compression.NONE, pages);
    }

    /** Pages that are all zero. */
    public static Chunk zero(int block, long firstPage, long pageCount, int generation) {
      return new Chunk(
          block, firstPage, pageCount, generation, 0, Compression.NONE, PagePayload.EMPTY);
    }

    /** The same pages with their payload in another form. */
    public Chunk with(Compression otherCompression, MemorySegment otherPayload) {
      return new Chunk(
          block,
          firstPage,
          pageCount,
          generation,
          payloadCrc32c,
          otherCompression,
          PagePayload.of(otherPayload));
    }

    /** Which pages these are. */
    public Extent extent() {
      return new Extent(block, firstPage, pageCount);
    }

    /** Size of the payload, as it goes over the wire. */
    public long payloadBytes() {
      return payload.bytes();
    }

    /** Size of the pages that the payload stands for; 0 where they are zero. */
    public long contentBytes() {
      return isZero() ? 0 : pageCount * Geometry.PAGE_BYTES;
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
