package org.dcmigrate.peer.transfer;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage;
import org.dcmigrate.v1.TransferResponse;

/**
 * Receives the pages of one Transfer call. Chunks are applied on the thread that brings them, one
 * after the other.
 */
public final class TransferReceiver extends ServerCall.Listener<TransferMessage> {
  private static final int MESSAGES_AHEAD = 32;
  private static final int ACKNOWLEDGE_CHUNKS = 16;
  private static final long ACKNOWLEDGE_BYTES = 4L << 20;
  private static final long ACKNOWLEDGE_IDLE_MS = 1;

  private final ServerCall<TransferMessage, TransferResponse> call;
  private final Admission admission;
  private final Executor admissions;
  private final ScheduledExecutorService timer;
  private final CompressionMode compression;

  private volatile Optional<PageSink> sink = Optional.empty();
  private Optional<ChunkInflater> inflater = Optional.empty();
  private boolean opened;
  private int untilRequest = MESSAGES_AHEAD / 2;

  // Guarded by this: acknowledgements also go out from the timer.
  private long applied;
  private long acknowledged;
  private long unacknowledgedBytes;
  private boolean timerRuns;
  private boolean halfClosed;
  private boolean over;

  private TransferReceiver(
      ServerCall<TransferMessage, TransferResponse> call,
      Admission admission,
      Executor admissions,
      ScheduledExecutorService timer,
      CompressionMode compression) {
    this.call = call;
    this.admission = admission;
    this.admissions = admissions;
    this.timer = timer;
    this.compression = compression;
  }

  /** Decides who may send. */
  public interface Admission {
    /**
     * Lets a transfer begin. Called on the executor for admissions, in the call's {@link Context}.
     *
     * @throws DcmException which the sender gets
     */
    PageSink admit(Attempt attempt) throws DcmException;
  }

  /**
   * The service, for a server to bind.
   *
   * @param admissions where {@link Admission#admit} may block
   * @param timer for acknowledgements to senders that pause; never blocked
   */
  public static ServerServiceDefinition service(
      Admission admission,
      Executor admissions,
      ScheduledExecutorService timer,
      CompressionMode compression) {
    return ServerServiceDefinition.builder(TransferCodec.service())
        .addMethod(
            TransferCodec.method(),
            (call, headers) -> {
              call.request(1);
              return new TransferReceiver(call, admission, admissions, timer, compression);
            })
        .build();
  }

  /** The service, with compressed chunks refused. */
  public static ServerServiceDefinition service(
      Admission admission, Executor admissions, ScheduledExecutorService timer) {
    return service(admission, admissions, timer, CompressionMode.OFF);
  }

  @Override
  public void onMessage(TransferMessage message) {
    try {
      switch (message) {
        case TransferMessage.Open open -> open(open.attempt());
        case TransferMessage.Chunk chunk -> apply(chunk);
        case TransferMessage.Malformed malformed -> throw malformed.why().exception();
      }
    } catch (DcmException refused) {
      fail(refused);
    } catch (RuntimeException defect) {
      fail(defect(defect));
    }
  }

  @Override
  public void onHalfClose() {
    synchronized (this) {
      halfClosed = true;
      if (!opened) {
        fail(new DcmException(Reason.FIELD_INVALID, "a transfer must begin with open, but ended"));
      }
    }
    finishIfDone();
  }

  @Override
  public void onCancel() {
    synchronized (this) {
      over = true;
    }
    release();
  }

  @Override
  public void onComplete() {
    release();
  }

  /** No message comes after the end of the call, so nobody works with it. */
  private void release() {
    inflater.ifPresent(ChunkInflater::close);
    inflater = Optional.empty();
  }

  @Override
  public void onReady() {
    acknowledge();
    finishIfDone();
  }

  private void open(Attempt attempt) throws DcmException {
    if (opened) {
      throw new DcmException(Reason.FIELD_INVALID, "a transfer must be opened once, not twice");
    }
    opened = true;
    // No further message comes until the admission has asked for it.
    admissions.execute(Context.current().wrap(() -> admit(attempt)));
  }

  private void admit(Attempt attempt) {
    try {
      sink = Optional.of(admission.admit(attempt));
    } catch (DcmException refused) {
      fail(refused);
      return;
    } catch (RuntimeException defect) {
      fail(defect(defect));
      return;
    }
    synchronized (this) {
      if (!over) {
        // Early headers let the sender's transport forget what it keeps for a retry.
        call.sendHeaders(headers());
        call.request(MESSAGES_AHEAD);
      }
    }
    finishIfDone();
  }

  private Metadata headers() {
    Metadata headers = new Metadata();
    switch (compression) {
      case AUTO -> headers.put(TransferCodec.COMPRESSIONS, TransferCodec.ZSTD);
      case OFF -> {}
    }
    return headers;
  }

  private TransferMessage.Chunk inflated(TransferMessage.Chunk chunk) throws DcmException {
    return switch (chunk.compression()) {
      case NONE -> chunk;
      case ZSTD -> {
        if (compression == CompressionMode.OFF) {
          throw new DcmException(
              Reason.CAPABILITY_MISSING,
              "this peer takes no compressed chunks, and did not say that it would");
        }
        ChunkInflater zstd = inflater.orElseGet(ChunkInflater::new);
        inflater = Optional.of(zstd);
        yield zstd.inflate(chunk);
      }
    };
  }

  private void apply(TransferMessage.Chunk chunk) throws DcmException {
    if (isOver()) {
      return;
    }
    Optional<PageSink> target = sink;
    if (target.isEmpty()) {
      throw new DcmException(
          Reason.FIELD_INVALID, "a transfer must begin with open, but a chunk came");
    }
    target.get().write(inflated(chunk));
    if (--untilRequest == 0) {
      untilRequest = MESSAGES_AHEAD / 2;
      call.request(MESSAGES_AHEAD / 2);
    }
    applied(chunk.contentBytes());
  }

  private synchronized void applied(long contentBytes) {
    applied++;
    unacknowledgedBytes += contentBytes;
    if (applied - acknowledged >= ACKNOWLEDGE_CHUNKS || unacknowledgedBytes >= ACKNOWLEDGE_BYTES) {
      acknowledge();
    } else if (!timerRuns) {
      timerRuns = true;
      var _ = timer.schedule(this::paused, ACKNOWLEDGE_IDLE_MS, TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void paused() {
    timerRuns = false;
    acknowledge();
  }

  private synchronized void acknowledge() {
    // A sender that does not read gets no answers piled up: the next one says it all.
    if (over || applied == acknowledged || !call.isReady()) {
      return;
    }
    acknowledged = applied;
    unacknowledgedBytes = 0;
    call.sendMessage(TransferResponse.newBuilder().setAcknowledgedChunks(applied).build());
  }

  private synchronized void finishIfDone() {
    if (over || !halfClosed || sink.isEmpty()) {
      return;
    }
    acknowledge();
    if (applied == acknowledged) {
      over = true;
      call.close(Status.OK, new Metadata());
    }
  }

  private synchronized void fail(DcmException why) {
    if (over) {
      return;
    }
    over = true;
    StatusRuntimeException status = Errors.toStatus(why);
    call.close(
        status.getStatus(), Optional.ofNullable(status.getTrailers()).orElseGet(Metadata::new));
  }

  private synchronized boolean isOver() {
    return over;
  }

  private static DcmException defect(RuntimeException defect) {
    return new DcmException(Reason.INTERNAL, "this peer failed to store pages: " + defect, defect);
  }
}
