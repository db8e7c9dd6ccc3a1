package org.dcmigrate.peer.transfer;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
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
  private final EgressCredit credit;
  private final Duration stall;
  private final Optional<ChunkPacker> packer;

  // Orders what goes into the call. Never taken by the transport's threads, as writing takes time.
  private final ReentrantLock sending = new ReentrantLock();

  private final Ledger ledger = new Ledger();

  private volatile boolean zstdTaken;

  private TransferSender(
      Channel channel, EgressFlow egress, Duration stall, CompressionMode compression) {
    this.credit = egress.credit();
    this.stall = stall;
    packer =
        switch (compression) {
          case AUTO -> Optional.of(new ChunkPacker(System::nanoTime));
          case OFF -> Optional.empty();
        };
    // The listener only takes a short lock and signals: it may run on the transport's threads.
    CallOptions options =
        CallOptions.DEFAULT.withOnReadyThreshold(READY_THRESHOLD_BYTES).withExecutor(Runnable::run);
    call = channel.newCall(TransferCodec.method(), options);
  }

  /**
   * Begins a transfer. Does not wait for the destination: if that refuses, what is called next
   * fails with its reason.
   *
   * @param stall how long the destination may take nothing at all before it counts as lost
   */
  public static TransferSender open(
      Channel channel,
      Attempt attempt,
      EgressFlow egress,
      Duration stall,
      CompressionMode compression) {
    TransferSender sender = new TransferSender(channel, egress, stall, compression);
    sender.start(attempt);
    return sender;
  }

  /** Begins a transfer that does not compress. */
  public static TransferSender open(
      Channel channel, Attempt attempt, EgressFlow egress, Duration stall) {
    return open(channel, attempt, egress, stall, CompressionMode.OFF);
  }

  /**
   * Sends a chunk, compressed where that is sooner there; waits while the transport has enough to
   * do, and for its turn at the limiter.
   *
   * @return payload that went over the wire
   * @throws DcmException with the destination's reason; PEER_UNREACHABLE or DEADLINE_PASSED when it
   *     takes nothing; ATTEMPT_DISCARDED after {@link #cancel}
   */
  public long send(TransferMessage.Chunk chunk) throws DcmException {
    return sendUnless(() -> false, chunk).orElseThrow();
  }

  /**
   * As {@link #send}, unless something else is to be done first: then the chunk is not sent, where
   * it would have to wait for the transport or for its turn. By the thread that sends.
   *
   * @param called looked at while it waits, several times a second and after each {@link #wake}
   * @return payload that went over the wire; empty where the chunk was not sent
   */
  public OptionalLong sendUnless(BooleanSupplier called, TransferMessage.Chunk chunk)
      throws DcmException {
    Optional<ChunkPacker> used = zstdTaken ? packer : Optional.empty();
    TransferMessage.Chunk packed = used.map(each -> each.pack(chunk)).orElse(chunk);
    if (!await(call::isReady, called, stall, () -> "took no pages")
        || !takeCredit(packed.payloadBytes(), called)) {
      return OptionalLong.empty();
    }
    used.ifPresent(ChunkPacker::waited);
    sending.lock();
    try {
      // Counted before it is sent: the acknowledgement may come at once.
      ledger.sent(packed);
      call.sendMessage(packed);
    } finally {
      sending.unlock();
    }
    used.ifPresent(each -> each.sent(packed));
    return OptionalLong.of(packed.payloadBytes());
  }

  private boolean await(
      BooleanSupplier condition, BooleanSupplier called, Duration patience, Supplier<String> late)
      throws DcmException {
    ledger.await(() -> condition.getAsBoolean() || called.getAsBoolean(), patience, late);
    return condition.getAsBoolean();
  }

  private boolean takeCredit(long payloadBytes, BooleanSupplier called) throws DcmException {
    try {
      boolean taken =
          credit.take(payloadBytes + HEADER_BYTES, () -> ledger.isOver() || called.getAsBoolean());
      if (!taken && ledger.isOver()) {
        throw ledger.whyOver();
      }
      return taken;
    } catch (InterruptedException interrupted) {
      throw Ledger.interrupted(interrupted);
    }
  }

  /**
   * Waits until all chunks sent are acknowledged.
   *
   * @param patience how long to wait without any acknowledgement
   * @throws DcmException as {@link #send}
   */
  public void awaitAcknowledged(Duration patience) throws DcmException {
    boolean _ = awaitAcknowledgedUnless(() -> false, patience);
  }

  /**
   * As {@link #awaitAcknowledged}, unless something else is to be done first.
   *
   * @param called looked at while it waits, several times a second and after each {@link #wake}
   * @return whether all are acknowledged
   */
  public boolean awaitAcknowledgedUnless(BooleanSupplier called, Duration patience)
      throws DcmException {
    return await(
        () -> acknowledgedChunks() == sentChunks(),
        called,
        patience,
        () -> "acknowledged " + progress());
  }

  /** Has whoever waits look whether it is called elsewhere. */
  public void wake() {
    ledger.signal();
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
      ledger.halfClosed();
      call.halfClose();
    } finally {
      sending.unlock();
    }
    ledger.await(
        ledger::isCompleted,
        patience,
        () -> "acknowledged " + progress() + " and did not end the transfer");
  }

  /** Breaks the transfer off; what others wait for here fails with ATTEMPT_DISCARDED. */
  public void cancel() {
    ledger.failed(
        new DcmException(Reason.ATTEMPT_DISCARDED, "this transfer was cancelled by its sender"));
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
    if (!ledger.isCompleted()) {
      cancel();
    }
  }

  /** Chunks handed to the transport. */
  public long sentChunks() {
    return ledger.counts().sentChunks();
  }

  /** Chunks that the destination has stored or rightly dropped. */
  public long acknowledgedChunks() {
    return ledger.counts().acknowledgedChunks();
  }

  /**
   * Contents of the chunks acknowledged, in bytes before compression; zero pages count nothing.
   * What is to be compared with pages that are left is measured by this. What the link carries is
   * {@link #payloadBytes}.
   */
  public long acknowledgedBytes() {
    return ledger.acknowledgedBytes();
  }

  /** Pages handed to the transport. */
  public long sentPages() {
    return ledger.counts().sentPages();
  }

  /** Payload handed to the transport, as it goes over the wire. */
  public long payloadBytes() {
    return ledger.counts().payloadBytes();
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

  private String progress() {
    return acknowledgedChunks() + " of " + sentChunks() + " chunks";
  }

  private final class Listener extends ClientCall.Listener<TransferResponse> {
    @Override
    public void onHeaders(Metadata headers) {
      zstdTaken =
          Optional.ofNullable(headers.get(TransferCodec.COMPRESSIONS)).stream()
              .flatMap(names -> Arrays.stream(names.split(",", -1)))
              .anyMatch(name -> name.strip().equals(TransferCodec.ZSTD));
    }

    @Override
    public void onReady() {
      ledger.signal();
    }

    @Override
    public void onMessage(TransferResponse response) {
      long acknowledged = response.getAcknowledgedChunks();
      if (ledger.acknowledged(acknowledged)) {
        call.request(1);
      } else {
        // The call is cancelled by the sender's thread, which may be writing into it just now.
        ledger.failed(
            new DcmException(
                Reason.FIELD_INVALID,
                "the destination acknowledged %s chunks, but must acknowledge %d to %d"
                    .formatted(
                        Long.toUnsignedString(acknowledged), acknowledgedChunks(), sentChunks())));
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (status.isOk()) {
        ledger.ended();
      } else {
        ledger.failed(Errors.fromStatus(status.asRuntimeException(trailers)));
      }
    }
  }
}
