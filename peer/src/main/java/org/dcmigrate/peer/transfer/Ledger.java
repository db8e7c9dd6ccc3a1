package org.dcmigrate.peer.transfer;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.TransferMessage;

/**
 * What one transfer has sent, what of it is acknowledged, and how it ended. The transport's threads
 * write into it and never wait; the sender's thread waits for it.
 */
final class Ledger {
  // More than the transport lets wait; a power of two.
  private static final int REMEMBERED_CHUNKS = 1 << 14;

  // Not all that is waited for comes with a signal.
  private static final long LOOK_AGAIN_NS = Duration.ofMillis(50).toNanos();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private Optional<DcmException> failure = Optional.empty();
  private boolean reached;
  private boolean halfClosed;
  private boolean completed;
  private Counts counts = new Counts(0, 0, 0, 0, 0);
  // Contents sent up to each of the last chunks, by the chunk's number.
  private final long[] contentUpTo = new long[REMEMBERED_CHUNKS];
  private long acknowledgedBytes;

  /**
   * What was handed to the transport, and what came back.
   *
   * @param contentBytes of the pages sent, before compression
   * @param payloadBytes that they took on the wire
   */
  record Counts(
      long sentChunks,
      long sentPages,
      long contentBytes,
      long payloadBytes,
      long acknowledgedChunks) {}

  Counts counts() {
    return locked(() -> counts);
  }

  /** Contents of the chunks acknowledged, in bytes before compression. */
  long acknowledgedBytes() {
    return locked(() -> acknowledgedBytes);
  }

  boolean isOver() {
    return locked(() -> failure.isPresent());
  }

  boolean isCompleted() {
    return locked(() -> completed);
  }

  /** Something changed that a condition may depend on. */
  void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void sent(TransferMessage.Chunk chunk) throws DcmException {
    lock.lock();
    try {
      throwIfOver();
      reached = true;
      counts =
          new Counts(
              counts.sentChunks + 1,
              counts.sentPages + chunk.pageCount(),
              counts.contentBytes + chunk.contentBytes(),
              counts.payloadBytes + chunk.payloadBytes(),
              counts.acknowledgedChunks);
      contentUpTo[(int) (counts.sentChunks % REMEMBERED_CHUNKS)] = counts.contentBytes;
    } finally {
      lock.unlock();
    }
  }

  void halfClosed() throws DcmException {
    lock.lock();
    try {
      throwIfOver();
      halfClosed = true;
    } finally {
      lock.unlock();
    }
  }

  /** Notes an acknowledgement; false when it cannot be true. */
  boolean acknowledged(long chunks) {
    lock.lock();
    try {
      if (chunks < counts.acknowledgedChunks || chunks > counts.sentChunks) {
        return false;
      }
      counts =
          new Counts(
              counts.sentChunks,
              counts.sentPages,
              counts.contentBytes,
              counts.payloadBytes,
              chunks);
      if (chunks > 0 && counts.sentChunks - chunks < REMEMBERED_CHUNKS) {
        acknowledgedBytes = contentUpTo[(int) (chunks % REMEMBERED_CHUNKS)];
      }
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The destination ended the call well. */
  void ended() {
    lock.lock();
    try {
      if (halfClosed && counts.acknowledgedChunks == counts.sentChunks) {
        completed = failure.isEmpty();
        changed.signalAll();
      } else {
        failed(
            new DcmException(
                Reason.INTERNAL,
                "the destination ended the transfer after it had acknowledged %d of %d chunks"
                    .formatted(counts.acknowledgedChunks, counts.sentChunks)));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The transfer failed; the first reason stays. */
  void failed(DcmException why) {
    lock.lock();
    try {
      if (failure.isEmpty() && !completed) {
        failure = Optional.of(why);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a condition, as long as acknowledgements come within the patience. */
  void await(BooleanSupplier condition, Duration patience, Supplier<String> late)
      throws DcmException {
    lock.lock();
    try {
      long leftNs = patience.toNanos();
      long acknowledged = counts.acknowledgedChunks;
      while (!condition.getAsBoolean()) {
        throwIfOver();
        if (leftNs <= 0) {
          throw late(patience, late.get());
        }
        long waitNs = Math.min(leftNs, LOOK_AGAIN_NS);
        leftNs -= waitNs - changed.awaitNanos(waitNs);
        if (acknowledged != counts.acknowledgedChunks) {
          acknowledged = counts.acknowledgedChunks;
          leftNs = patience.toNanos();
        }
      }
      // A call that failed may count as ready, too.
      throwIfOver();
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    } finally {
      lock.unlock();
    }
  }

  /** A new exception each time: its stack is that of the caller. */
  DcmException whyOver() {
    DcmException first =
        locked(
            () ->
                failure.orElseGet(() -> new DcmException(Reason.INTERNAL, "the transfer is over")));
    return new DcmException(first.reason(), first.sentence(), first);
  }

  static DcmException interrupted(InterruptedException interrupted) {
    Thread.currentThread().interrupt();
    return new DcmException(
        Reason.PEER_NOT_SERVING,
        "sending was interrupted: this peer ends the transfer",
        interrupted);
  }

  private DcmException late(Duration patience, String sentence) {
    return reached || counts.acknowledgedChunks > 0
        ? new DcmException(
            Reason.DEADLINE_PASSED,
            "for %d ms the destination %s".formatted(patience.toMillis(), sentence))
        : new DcmException(
            Reason.PEER_UNREACHABLE,
            "the destination could not be reached within %d ms".formatted(patience.toMillis()));
  }

  private void throwIfOver() throws DcmException {
    if (failure.isPresent()) {
      throw whyOver();
    }
  }

  private <T> T locked(Supplier<T> read) {
    lock.lock();
    try {
      return read.get();
    } finally {
      lock.unlock();
    }
  }
}
