package org.dcmigrate.peer.transfer;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;

/**
 * Compresses the chunks of one transfer where that makes it faster, and takes the time that each
 * one costs. For the thread that sends.
 */
final class ChunkPacker {
  /** A sender that has nothing to send for so long does not work, it pauses. */
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);

  private final CompressionChoice choice = new CompressionChoice();
  private final LongSupplier clockNs;
  private Optional<ChunkDeflater> deflater = Optional.empty();
  private long lastNs;
  private long workNs;
  private long compressNs;
  private long waitNs;

  ChunkPacker(LongSupplier clockNs) {
    this.clockNs = clockNs;
    lastNs = clockNs.getAsLong();
  }

  /** The chunk as it is to be sent; valid until the next one. */
  Chunk pack(Chunk chunk) {
    boolean compress = !chunk.isZero() && choice.compressNext();
    if (compress && deflater.isEmpty()) {
      deflater = Optional.of(new ChunkDeflater());
    }
    long sinceLastNs = lap();
    workNs = sinceLastNs > PAUSE_NS ? 0 : sinceLastNs;
    compressNs = 0;
    if (!compress) {
      return chunk;
    }
    Chunk packed = deflater.orElseThrow().deflate(chunk);
    // At least 1: a clock may stand still for so long.
    compressNs = Math.max(1, lap());
    return packed;
  }

  /** The transport takes it. */
  void waited() {
    waitNs = lap();
  }

  /** It is sent. */
  void sent(Chunk packed) {
    workNs += lap();
    if (!packed.isZero()) {
      choice.sent(
          new CompressionChoice.Cost(
              packed.contentBytes(), packed.payloadBytes(), workNs, compressNs, waitNs));
    }
  }

  private long lap() {
    long nowNs = clockNs.getAsLong();
    long lapNs = nowNs - lastNs;
    lastNs = nowNs;
    return lapNs;
  }
}
