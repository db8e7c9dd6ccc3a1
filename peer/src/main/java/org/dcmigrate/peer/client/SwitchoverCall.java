package org.dcmigrate.peer.client;

import com.google.protobuf.ByteString;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.DestinationServiceGrpc.DestinationServiceStub;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.jspecify.annotations.Nullable;

/**
 * One switchover stream, seen from the source. {@link #prepare} and then {@link #commit}, or commit
 * at once on a new stream after the first one was lost. Used by one thread at a time.
 */
public final class SwitchoverCall implements AutoCloseable {
  private final DestinationServiceStub stub;
  private final Attempt attempt;
  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private @Nullable ClientCallStreamObserver<SwitchoverRequest> requests;

  SwitchoverCall(DestinationServiceStub stub, Attempt attempt) {
    this.stub = stub;
    this.attempt = attempt;
  }

  /** What the destination found. */
  public sealed interface PrepareResult {
    /** Complete, verified, loaded, on disk. */
    record Ready(long memoryDigest) implements PrepareResult {}

    /** Memory differs. */
    record Differs(long memoryDigest, long missingPages) implements PrepareResult {}
  }

  /** Sends device state and expected digest, and waits for what the destination finds. */
  public PrepareResult prepare(long memoryDigest, byte[] deviceState, Duration deadline)
      throws DcmException {
    ClientCallStreamObserver<SwitchoverRequest> out = stream();
    out.onNext(
        SwitchoverRequest.newBuilder()
            .setPrepare(
                SwitchoverRequest.Prepare.newBuilder()
                    .setAttempt(Wire.attempt(attempt))
                    .setMemoryDigest(memoryDigest)
                    .setDeviceStateBytes(deviceState.length)
                    .setDeviceStateSha256(ByteString.copyFrom(sha256(deviceState))))
            .build());
    for (int at = 0; at < deviceState.length; at += Wire.MAX_DEVICE_STATE_PIECE_BYTES) {
      int size = Math.min(Wire.MAX_DEVICE_STATE_PIECE_BYTES, deviceState.length - at);
      out.onNext(
          SwitchoverRequest.newBuilder()
              .setDeviceState(ByteString.copyFrom(deviceState, at, size))
              .build());
    }
    out.onNext(
        SwitchoverRequest.newBuilder()
            .setPrepareEnd(SwitchoverRequest.PrepareEnd.getDefaultInstance())
            .build());
    SwitchoverResponse answer = answer(deadline, "prepare");
    return switch (answer.getStepCase()) {
      case PREPARED -> new PrepareResult.Ready(answer.getPrepared().getMemoryDigest());
      case INCOMPLETE ->
          new PrepareResult.Differs(
              answer.getIncomplete().getMemoryDigest(), answer.getIncomplete().getMissingPages());
      case RUNNING, STEP_NOT_SET -> throw unexpected("Prepared or Incomplete", answer);
    };
  }

  /** Sends the commit and waits until the destination runs the guest; gives its time to resume. */
  public Duration commit(long memoryDigest, Optional<PeerId> witness, Duration deadline)
      throws DcmException {
    SwitchoverRequest.Commit.Builder commit =
        SwitchoverRequest.Commit.newBuilder()
            .setAttempt(Wire.attempt(attempt))
            .setMemoryDigest(memoryDigest);
    witness.ifPresent(peer -> commit.setWitness(Wire.peer(peer)));
    stream().onNext(SwitchoverRequest.newBuilder().setCommit(commit).build());
    SwitchoverResponse answer = answer(deadline, "commit");
    if (!answer.hasRunning()) {
      throw unexpected("Running", answer);
    }
    return Duration.ofNanos(answer.getRunning().getResumeNs());
  }

  /** Ends the stream. */
  @Override
  public void close() {
    ClientCallStreamObserver<SwitchoverRequest> open = requests;
    if (open != null) {
      open.cancel("the source ended the switchover", null);
    }
  }

  private ClientCallStreamObserver<SwitchoverRequest> stream() {
    ClientCallStreamObserver<SwitchoverRequest> open = requests;
    if (open == null) {
      open = (ClientCallStreamObserver<SwitchoverRequest>) stub.switchover(new Answers());
      requests = open;
    }
    return open;
  }

  private SwitchoverResponse answer(Duration deadline, String step) throws DcmException {
    try {
      Answer answer = answers.poll(deadline.toMillis(), TimeUnit.MILLISECONDS);
      if (answer == null) {
        throw new DcmException(
            Reason.DEADLINE_PASSED,
            "the destination did not answer " + step + " within " + deadline.toSeconds() + " s");
      }
      return switch (answer) {
        case Answer.Message message -> message.value();
        case Answer.End end -> throw end.failure();
      };
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(Reason.PEER_NOT_SERVING, "this peer is shutting down", interrupted);
    }
  }

  private static DcmException unexpected(String expected, SwitchoverResponse answer) {
    return new DcmException(
        Reason.STATE_CONFLICT,
        "the destination was to answer " + expected + ", but answered " + answer.getStepCase());
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every JDK has SHA-256", impossible);
    }
  }

  private sealed interface Answer {
    record Message(SwitchoverResponse value) implements Answer {}

    record End(DcmException failure) implements Answer {}
  }

  private final class Answers
      implements ClientResponseObserver<SwitchoverRequest, SwitchoverResponse> {
    @Override
    public void beforeStart(ClientCallStreamObserver<SwitchoverRequest> out) {}

    @Override
    public void onNext(SwitchoverResponse value) {
      answers.add(new Answer.Message(value));
    }

    @Override
    public void onError(Throwable error) {
      answers.add(new Answer.End(Errors.fromStatus(error)));
    }

    @Override
    public void onCompleted() {
      answers.add(
          new Answer.End(
              new DcmException(
                  Reason.PEER_UNREACHABLE, "the destination ended the switchover stream")));
    }
  }
}
