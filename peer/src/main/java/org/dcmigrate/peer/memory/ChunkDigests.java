package org.dcmigrate.peer.memory;

import java.util.OptionalInt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.RunChecksum;
import org.dcmigrate.protocol.wire.Compression;
import org.dcmigrate.protocol.wire.PagePayload;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;

/**
 * The digests of a chunk's pages, made where the transport has them, and with them the proof that
 * they are what was sent: pages are read once for both. Belongs to one thread at a time.
 */
final class ChunkDigests {
  private final PageDigest digest;
  private final long[] digests = new long[TransferCodec.MAX_CHUNK_PAGES];

  ChunkDigests(PageDigest.Algorithm algorithm) {
    digest = PageDigest.newInstance(algorithm);
  }

  /**
   * Takes up a chunk with content.
   *
   * @throws DcmException CHUNK_TOO_LARGE or CHECKSUM_MISMATCH
   */
  void take(Chunk chunk) throws DcmException {
    if (chunk.compression() != Compression.NONE) {
      throw new IllegalArgumentException("a chunk must be decompressed before it is applied");
    }
    if (chunk.payloadBytes() != chunk.pageCount() * Geometry.PAGE_BYTES
        || chunk.payloadBytes() > TransferCodec.MAX_PAYLOAD_BYTES) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "a chunk of %d pages came with %d bytes"
              .formatted(chunk.pageCount(), chunk.payloadBytes()));
    }
    int pages = (int) chunk.pageCount();
    PagePayload.Reader payload = chunk.payload().reader();
    for (int i = 0; i < pages; i++) {
      digests[i] = payload.digest(digest);
    }
    OptionalInt known = RunChecksum.of(digest.algorithm(), digests, 0, pages);
    int crc = known.orElseGet(() -> chunk.payload().crc32c());
    if (crc != chunk.payloadCrc32c()) {
      throw new DcmException(
          Reason.CHECKSUM_MISMATCH,
          "the payload of pages %d + %d of block %d must have the checksum %08x, but has %08x"
              .formatted(chunk.firstPage(), pages, chunk.block(), chunk.payloadCrc32c(), crc));
    }
  }

  /** The digest of a page of the chunk taken up last, counted from the chunk's first one. */
  long of(long page) {
    return digests[(int) page];
  }
}
