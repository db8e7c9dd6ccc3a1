package org.dcmigrate.peer.service;

import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.peer.holder.SwitchoverReplies;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;

/** One switchover stream at the destination. */
final class SwitchoverStream implements StreamObserver<SwitchoverRequest>, SwitchoverReplies {
  private static final int SHA256_BYTES = 32;

  private final Holders holders;
  private final PeerId caller;
  private final StreamObserver<SwitchoverResponse> out;
  private Optional<SwitchoverRequest.Prepare> prepare = Optional.empty();
  private ByteArrayOutputStream deviceState = new ByteArrayOutputStream();
  private boolean ended;

  SwitchoverStream(Holders holders, PeerId caller, StreamObserver<SwitchoverResponse> out) {
    this.holders = holders;
    this.caller = caller;
    this.out = out;
  }

  @Override
  public void onNext(SwitchoverRequest message) {
    if (hasEnded()) {
      return;
    }
    try {
      switch (message.getStepCase()) {
        case PREPARE -> begin(message.getPrepare());
        case DEVICE_STATE -> collect(message.getDeviceState().toByteArray());
        case PREPARE_END -> prepared();
        case COMMIT -> commit(message.getCommit());
        case STEP_NOT_SET ->
            throw new DcmException(Reason.FIELD_INVALID, "an empty switchover message came");
      }
    } catch (DcmException refused) {
      failed(refused.failure());
    } catch (RuntimeException defect) {
      failed(Calls.defect(defect).failure());
    }
  }

  private void begin(SwitchoverRequest.Prepare message) throws DcmException {
    if (message.getDeviceStateBytes() < 0
        || message.getDeviceStateBytes() > Wire.MAX_DEVICE_STATE_BYTES) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "device state may have at most 32 MiB, but has "
              + Long.toUnsignedString(message.getDeviceStateBytes())
              + " bytes");
    }
    if (message.getDeviceStateSha256().size() != SHA256_BYTES) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "device_state_sha256 must have 32 bytes, but has "
              + message.getDeviceStateSha256().size());
    }
    Attempt attempt = Wire.attempt(message.getAttempt());
    // Before device state is collected, not only behind it: an attempt that is over gets none.
    holders.get(attempt, caller).announcePrepare(attempt.epoch());
    prepare = Optional.of(message);
    deviceState = new ByteArrayOutputStream();
  }

  private void collect(byte[] piece) throws DcmException {
    SwitchoverRequest.Prepare announced = announced();
    if (piece.length == 0
        || piece.length > Wire.MAX_DEVICE_STATE_PIECE_BYTES
        || deviceState.size() + piece.length > announced.getDeviceStateBytes()) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "a piece of device state must have 1 to 262144 bytes, not more than announced in all");
    }
    deviceState.writeBytes(piece);
  }

  private void prepared() throws DcmException {
    SwitchoverRequest.Prepare announced = announced();
    byte[] device = deviceState.toByteArray();
    if (device.length != announced.getDeviceStateBytes()
        || !MessageDigest.isEqual(sha256(device), announced.getDeviceStateSha256().toByteArray())) {
      throw new DcmException(
          Reason.DIGEST_MISMATCH,
          "device state of %d bytes came where %d were announced, or its SHA-256 is another one"
              .formatted(device.length, announced.getDeviceStateBytes()));
    }
    prepare = Optional.empty();
    deviceState = new ByteArrayOutputStream();
    Attempt attempt = Wire.attempt(announced.getAttempt());
    holders
        .get(attempt, caller)
        .prepare(attempt.epoch(), announced.getMemoryDigest(), device, this);
  }

  private SwitchoverRequest.Prepare announced() throws DcmException {
    return prepare.orElseThrow(
        () -> new DcmException(Reason.STATE_CONFLICT, "device state came before Prepare"));
  }

  private void commit(SwitchoverRequest.Commit message) throws DcmException {
    Attempt attempt = Wire.attempt(message.getAttempt());
    Optional<PeerId> witness =
        message.hasWitness() ? Optional.of(Wire.peer(message.getWitness())) : Optional.empty();
    Electorate electorate = new Electorate(caller, holders.self(), witness);
    if (witness.isPresent()
        && (witness.get().equals(caller) || witness.get().equals(holders.self()))) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "witness must be another peer than source and destination, but was " + witness.get());
    }
    holders
        .get(attempt, caller)
        .commit(attempt.epoch(), message.getMemoryDigest(), electorate, this);
  }

  @Override
  public void onError(Throwable error) {
    // The source is gone; what it committed stays, and it asks again on another stream.
    end();
  }

  @Override
  public void onCompleted() {
    if (end()) {
      out.onCompleted();
    }
  }

  @Override
  public void prepared(long memoryDigest) {
    send(
        SwitchoverResponse.newBuilder()
            .setPrepared(SwitchoverResponse.Prepared.newBuilder().setMemoryDigest(memoryDigest))
            .build());
  }

  @Override
  public void incomplete(long memoryDigest, long missingPages) {
    send(
        SwitchoverResponse.newBuilder()
            .setIncomplete(
                SwitchoverResponse.Incomplete.newBuilder()
                    .setMemoryDigest(memoryDigest)
                    .setMissingPages(missingPages))
            .build());
  }

  @Override
  public void running(Duration resume) {
    send(
        SwitchoverResponse.newBuilder()
            .setRunning(SwitchoverResponse.Running.newBuilder().setResumeNs(resume.toNanos()))
            .build());
  }

  @Override
  public void failed(Failure why) {
    if (end()) {
      out.onError(Errors.toStatus(why.exception()));
    }
  }

  private synchronized void send(SwitchoverResponse message) {
    if (!ended) {
      out.onNext(message);
    }
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  private synchronized boolean end() {
    boolean first = !ended;
    ended = true;
    return first;
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every JDK has SHA-256", impossible);
    }
  }
}
