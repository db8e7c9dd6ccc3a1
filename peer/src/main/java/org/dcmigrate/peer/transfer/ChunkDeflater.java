package org.dcmigrate.peer.transfer;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.wire.Compression;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;

/**
 * Compresses chunks, through one buffer. For one thread. Its memory goes with it: a transfer may be
 * broken off by another thread while this one compresses, so nobody can say when to free it.
 */
final class ChunkDeflater {
  // The fastest that also codes literals: higher levels cost more than a link of 1 Gbit/s gives.
  private static final int LEVEL = 1;
  // What saves less is not worth the receiver's time.
  private static final double LEAST_SAVING = 1.0 / 16;
  private static final Cleaner CLEANER = Cleaner.create();

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment pages =
      arena.allocate(TransferCodec.MAX_PAYLOAD_BYTES, Geometry.PAGE_BYTES);
  private final MemorySegment frame =
      arena.allocate(Zstd.compressBound(TransferCodec.MAX_PAYLOAD_BYTES), Geometry.PAGE_BYTES);
  private final ByteBuffer frameBuffer = frame.asByteBuffer();
  private final ZstdCompressCtx zstd = new ZstdCompressCtx();

  ChunkDeflater() {
    zstd.setLevel(LEVEL).setContentSize(true).setChecksum(false).setDictID(false);
    ZstdCompressCtx context = zstd;
    CLEANER.register(this, context::close);
  }

  /**
   * The chunk with its payload compressed, valid until the next call; the chunk itself where that
   * saves too little.
   */
  Chunk deflate(Chunk chunk) {
    ByteBuffer source = chunk.payload().inOnePiece(pages).asByteBuffer();
    int bytes =
        zstd.compressDirectByteBuffer(
            frameBuffer, 0, frameBuffer.capacity(), source, 0, source.remaining());
    return bytes > (1 - LEAST_SAVING) * chunk.contentBytes()
        ? chunk
        : chunk.with(Compression.ZSTD, frame.asSlice(0, bytes));
  }
}
