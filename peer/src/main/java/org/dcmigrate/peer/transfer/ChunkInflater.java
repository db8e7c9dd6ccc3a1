package org.dcmigrate.peer.transfer;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Compression;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;

/**
 * Undoes the compression of chunks, through two buffers of the size of the largest chunk. For one
 * thread at a time.
 */
final class ChunkInflater implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment frames =
      arena.allocate(TransferCodec.MAX_PAYLOAD_BYTES, Geometry.PAGE_BYTES);
  private final MemorySegment pages =
      arena.allocate(TransferCodec.MAX_PAYLOAD_BYTES, Geometry.PAGE_BYTES);
  private final ByteBuffer pageBuffer = pages.asByteBuffer();
  private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();

  /**
   * The pages of a compressed chunk.
   *
   * @param chunk whose frame's head was checked when it was read: it holds as many bytes as its
   *     pages have
   * @return a chunk whose payload is valid until the next call
   * @throws DcmException CHECKSUM_MISMATCH when the frame cannot be decoded; FIELD_INVALID when it
   *     is not alone
   */
  Chunk inflate(Chunk chunk) throws DcmException {
    ByteBuffer frame = chunk.payload().inOnePiece(frames).asByteBuffer();
    long contentBytes = chunk.contentBytes();
    long frameBytes = Zstd.findDirectByteBufferFrameCompressedSize(frame, 0, frame.remaining());
    if (Zstd.isError(frameBytes)) {
      throw broken(chunk, Zstd.getErrorName(frameBytes));
    }
    // The decoder would go on with a second frame, or pass over one that it may skip.
    if (frameBytes != frame.remaining()) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "a compressed payload must be one frame, but %d bytes follow its first"
              .formatted(frame.remaining() - frameBytes));
    }
    int done;
    try {
      done =
          zstd.decompressDirectByteBuffer(
              pageBuffer, 0, Math.toIntExact(contentBytes), frame, 0, frame.remaining());
    } catch (ZstdException malformed) {
      throw broken(chunk, String.valueOf(malformed.getMessage()));
    }
    if (done != contentBytes) {
      throw broken(chunk, done + " bytes came out");
    }
    return chunk.with(Compression.NONE, pages.asSlice(0, contentBytes));
  }

  private static DcmException broken(Chunk chunk, String why) {
    return new DcmException(
        Reason.CHECKSUM_MISMATCH,
        "the payload of pages %d + %d of block %d cannot be decompressed: %s"
            .formatted(chunk.firstPage(), chunk.pageCount(), chunk.block(), why));
  }

  @Override
  public void close() {
    zstd.close();
    arena.close();
  }
}
