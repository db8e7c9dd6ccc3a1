package org.dcmigrate.peer.transfer;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage;
import org.dcmigrate.v1.TransferResponse;

/**
 * Sends pages to a destination, over one Transfer call. The caller's duties:
 *
 * <ol>
 *   <li>One thread calls {@link #send}, {@link #awaitAcknowledged} and {@link #finish}; any thread
 *       may call the others.
 *   <li>A chunk's payload stays unchanged until {@link #send} has returned, not longer. This holds
 *       for channels without call retries.
 *   <li>{@link #close} at the end, in any case.
 * </ol>
 */
public final class TransferSender implements AutoCloseable {
  // Below this the transport runs dry between two messages.
  private static final int READY_THRESHOLD_BYTES = 1 << 20;
  private static final int ACKNOWLEDGEMENTS_AHEAD = 64;
  private static final int HEADER_BYTES = 64;

  private final ClientCall<TransferMessage, TransferResponse> call;
  private final EgressLimiter egress;
  private final Duration stall;

  // Orders what goes into the call. Never taken by the transport's threads, as writing takes time.
  private final ReentrantLock sending = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private Optional<DcmException> failure = Optional.empty();
  private boolean wasReady;
  private boolean halfClosed;
  private boolean completed;
  private long sentChunks;
  private long acknowledgedChunks;
  private long sentPages;
  private long payloadBytes;

  private TransferSender(Channel channel, EgressLimiter egress, Duration stall) {
    this.egress = egress;
    this.stall = stall;
    // The listener only takes a short lock and signals: it may run on the transport's threads.
    CallOptions options =
        CallOptions.DEFAULT
            .withOnReadyThreshold(READY_THRESHOLD_BYTES)
            .withExecutor(Runnable::run);
    call = channel.newCall(TransferCodec.method(), options);
  }

  /**
   * Begins a transfer. Does not wait for the destination: if that refuses, what is called next
   * fails with its reason.
   *
   * @param stall how long the destination may take nothing at all before it counts as lost
   */
  public static TransferSender open(
      Channel channel, Attempt attempt, EgressLimiter egress, Duration stall) {
    TransferSender sender = new TransferSender(channel, egress, stall);
    sender.start(attempt);
    return sender;
  }

  /**
   * Sends a chunk; waits while the transport has enough to do, and for its turn at the limiter.
   *
   * @throws DcmException with the destination's reason; PEER_UNREACHABLE or DEADLINE_PASSED when it
   *     takes nothing; ATTEMPT_DISCARDED after {@link #cancel}
   */
  public void send(TransferMessage.Chunk chunk) throws DcmException {
    awaitReady();
    try {
      if (!egress.acquire(chunk.payloadBytes() + HEADER_BYTES, this::isOver)) {
        throw whyOver();
      }
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    }
    sending.lock();
    try {
      // Counted before it is sent: the acknowledgement may come at once.
      count(chunk);
      call.sendMessage(chunk);
    } finally {
      sending.unlock();
    }
  }

  /**
   * Waits until all chunks sent are acknowledged.
   *
   * @param patience how long to wait without any acknowledgement
   * @throws DcmException as {@link #send}
   */
  public void awaitAcknowledged(Duration patience) throws DcmException {
    await(
        () -> acknowledgedChunks == sentChunks,
        patience,
        () -> "acknowledged %d of %d chunks".formatted(acknowledgedChunks, sentChunks));
  }

  /**
   * Ends the transfer in order: everything sent is acknowledged, and the destination has ended the
   * call.
   *
   * @param patience how long to wait without any acknowledgement
   * @throws DcmException as {@link #send}
   */
  public void finish(Duration patience) throws DcmException {
    sending.lock();
    try {
      throwIfOver();
      markHalfClosed();
      call.halfClose();
    } finally {
      sending.unlock();
    }
    await(
        () -> completed,
        patience,
        () ->
            "acknowledged %d of %d chunks and did not end the transfer"
                .formatted(acknowledgedChunks, sentChunks));
  }

  /** Breaks the transfer off; what others wait for here fails with ATTEMPT_DISCARDED. */
  public void cancel() {
    end(new DcmException(Reason.ATTEMPT_DISCARDED, "this transfer was cancelled by its sender"));
    sending.lock();
    try {
      call.cancel("cancelled by the sender", null);
    } finally {
      sending.unlock();
    }
  }

  /** Breaks the transfer off unless it was finished. */
  @Override
  public void close() {
    if (!isCompleted()) {
      cancel();
    }
  }

  /** Chunks handed to the transport. */
  public long sentChunks() {
    return read(() -> sentChunks);
  }

  /** Chunks that the destination has stored or rightly dropped. */
  public long acknowledgedChunks() {
    return read(() -> acknowledgedChunks);
  }

  /** Pages handed to the transport. */
  public long sentPages() {
    return read(() -> sentPages);
  }

  /** Payload handed to the transport. */
  public long payloadBytes() {
    return read(() -> payloadBytes);
  }

  private void start(Attempt attempt) {
    sending.lock();
    try {
      call.start(new Listener(), new Metadata());
      call.request(ACKNOWLEDGEMENTS_AHEAD);
      call.sendMessage(new TransferMessage.Open(attempt));
    } finally {
      sending.unlock();
    }
  }

  private void awaitReady() throws DcmException {
    await(call::isReady, stall, () -> "took no pages");
    lock.lock();
    try {
      wasReady = true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a condition, as long as acknowledgements come within the patience. */
  private void await(BooleanSupplier condition, Duration patience, Says late) throws DcmException {
    lock.lock();
    try {
      long leftNs = patience.toNanos();
      long acknowledged = acknowledgedChunks;
      while (!condition.getAsBoolean()) {
        throwIfOver();
        if (leftNs <= 0) {
          throw late(patience, late.sentence());
        }
        leftNs = changed.awaitNanos(leftNs);
        if (acknowledged != acknowledgedChunks) {
          acknowledged = acknowledgedChunks;
          leftNs = patience.toNanos();
        }
      }
      // A call that failed may count as ready, too.
      if (!completed) {
        throwIfOver();
      }
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    } finally {
      lock.unlock();
    }
  }

  private DcmException late(Duration patience, String sentence) {
    return wasReady || acknowledgedChunks > 0
        ? new DcmException(
            Reason.DEADLINE_PASSED,
            "for %d ms the destination %s".formatted(patience.toMillis(), sentence))
        : new DcmException(
            Reason.PEER_UNREACHABLE,
            "the destination could not be reached within %d ms".formatted(patience.toMillis()));
  }

  private static DcmException interrupted(InterruptedException interrupted) {
    Thread.currentThread().interrupt();
    return new DcmException(
        Reason.PEER_NOT_SERVING, "sending was interrupted: this peer ends the transfer", interrupted);
  }

  private void count(TransferMessage.Chunk chunk) throws DcmException {
    lock.lock();
    try {
      throwIfOver();
      sentChunks++;
      sentPages += chunk.pageCount();
      payloadBytes += chunk.payloadBytes();
    } finally {
      lock.unlock();
    }
  }

  private void markHalfClosed() {
    lock.lock();
    try {
      halfClosed = true;
    } finally {
      lock.unlock();
    }
  }

  private void throwIfOver() throws DcmException {
    lock.lock();
    try {
      if (failure.isPresent()) {
        throw whyOver();
      }
    } finally {
      lock.unlock();
    }
  }

  /** A new exception each time: its stack is that of the caller. */
  private DcmException whyOver() {
    DcmException first =
        failure.orElseGet(() -> new DcmException(Reason.INTERNAL, "the transfer is over"));
    return new DcmException(first.reason(), first.sentence(), first);
  }

  private boolean isOver() {
    lock.lock();
    try {
      return failure.isPresent();
    } finally {
      lock.unlock();
    }
  }

  private boolean isCompleted() {
    lock.lock();
    try {
      return completed;
    } finally {
      lock.unlock();
    }
  }

  private void end(DcmException why) {
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

  private long read(LongSupplier counter) {
    lock.lock();
    try {
      return counter.getAsLong();
    } finally {
      lock.unlock();
    }
  }

  private interface Says {
    String sentence();
  }

  private final class Listener extends ClientCall.Listener<TransferResponse> {
    @Override
    public void onReady() {
      lock.lock();
      try {
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onMessage(TransferResponse response) {
      long acknowledged = response.getAcknowledgedChunks();
      boolean possible;
      lock.lock();
      try {
        possible = acknowledged >= acknowledgedChunks && acknowledged <= sentChunks;
        if (possible) {
          acknowledgedChunks = acknowledged;
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
      if (possible) {
        call.request(1);
      } else {
        end(impossible(acknowledged));
        call.cancel("impossible acknowledgement", null);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (!status.isOk()) {
        end(Errors.fromStatus(status.asRuntimeException(trailers)));
        return;
      }
      lock.lock();
      try {
        if (halfClosed && acknowledgedChunks == sentChunks) {
          completed = true;
          changed.signalAll();
        } else {
          end(
              new DcmException(
                  Reason.INTERNAL,
                  "the destination ended the transfer after it had acknowledged %d of %d chunks"
                      .formatted(acknowledgedChunks, sentChunks)));
        }
      } finally {
        lock.unlock();
      }
    }

    private DcmException impossible(long acknowledged) {
      return new DcmException(
          Reason.FIELD_INVALID,
          "the destination acknowledged %s chunks, but must acknowledge %d to %d"
              .formatted(
                  Long.toUnsignedString(acknowledged), acknowledgedChunks(), sentChunks()));
    }
  }
}
