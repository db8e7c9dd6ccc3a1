package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;

/** One switchover stream, as the tester plays the source's half of it. */
public final class Switchover {
  private final TestMigration migration;
  private final byte[] deviceState;
  private final Conversation<SwitchoverRequest, SwitchoverResponse> call;

  private Switchover(Trial trial, TestMigration migration) {
    this.migration = migration;
    deviceState = trial.guest().deviceState();
    call = trial.begin(DestinationServiceGrpc.getSwitchoverMethod());
  }

  /** Opens a stream. */
  public static Switchover begin(Trial trial, TestMigration migration) {
    return new Switchover(trial, migration);
  }

  /** The right Prepare. */
  public SwitchoverRequest.Prepare.Builder prepareMessage() {
    return SwitchoverRequest.Prepare.newBuilder()
        .setAttempt(migration.attempt())
        .setMemoryDigest(migration.memory().digest())
        .setDeviceStateBytes(deviceState.length)
        .setDeviceStateSha256(ByteString.copyFrom(sha256(deviceState)));
  }

  /** Sends Prepare, the device state and PrepareEnd. */
  public Switchover prepare() {
    return prepare(right -> right);
  }

  /** As {@link #prepare()}, with a changed Prepare. */
  public Switchover prepare(UnaryOperator<SwitchoverRequest.Prepare.Builder> change) {
    send(SwitchoverRequest.newBuilder().setPrepare(change.apply(prepareMessage())).build());
    if (deviceState.length > 0) {
      piece(ByteString.copyFrom(deviceState));
    }
    return prepareEnd();
  }

  /** Sends a piece of device state. */
  public Switchover piece(ByteString bytes) {
    return send(SwitchoverRequest.newBuilder().setDeviceState(bytes).build());
  }

  /** Sends PrepareEnd. */
  public Switchover prepareEnd() {
    return send(
        SwitchoverRequest.newBuilder()
            .setPrepareEnd(SwitchoverRequest.PrepareEnd.getDefaultInstance())
            .build());
  }

  /** Sends Commit with this digest. */
  public Switchover commit(long memoryDigest) {
    return send(
        SwitchoverRequest.newBuilder()
            .setCommit(
                SwitchoverRequest.Commit.newBuilder()
                    .setAttempt(migration.attempt())
                    .setMemoryDigest(memoryDigest))
            .build());
  }

  /** Sends anything. */
  public Switchover send(SwitchoverRequest message) {
    call.send(message);
    return this;
  }

  /** Half-closes. */
  public Switchover halfClose() {
    call.halfClose();
    return this;
  }

  /** Checks that the answer is Prepared with the right digest. */
  public Switchover prepared() {
    SwitchoverResponse response = answer(SwitchoverResponse.StepCase.PREPARED);
    Expect.equal(
        "memory_digest in Prepared",
        migration.memory().digest(),
        response.getPrepared().getMemoryDigest());
    return this;
  }

  /** Checks that the answer is Incomplete, with the digest found and the number of pages. */
  public Switchover incomplete() {
    SwitchoverResponse.Incomplete response =
        answer(SwitchoverResponse.StepCase.INCOMPLETE).getIncomplete();
    Expect.equal(
        "missing_pages in Incomplete",
        migration.memory().missingPages(),
        response.getMissingPages());
    Expect.equal(
        "memory_digest in Incomplete", migration.memory().digest(), response.getMemoryDigest());
    return this;
  }

  /** Checks that the answer is Running. */
  public Switchover running() {
    answer(SwitchoverResponse.StepCase.RUNNING);
    return this;
  }

  /** Checks that the stream ends with a refusal. */
  public void refused(String what, Reason... reasons) {
    Optional<SwitchoverResponse> answer = call.next();
    Expect.that(
        what,
        answer.isEmpty(),
        "a refusal with one of " + java.util.Arrays.toString(reasons),
        answer.map(Switchover::text).orElse(""));
    Expect.refused(what, call.ending(), reasons);
  }

  /** Breaks the stream off. */
  public void cancel() {
    call.cancel();
  }

  /** Ends the stream in order. */
  public void end() {
    Expect.ok("Switchover", call.halfClose().rest());
  }

  private SwitchoverResponse answer(SwitchoverResponse.StepCase expected) {
    Optional<SwitchoverResponse> answer = call.next();
    Expect.that(
        "answer in Switchover",
        answer.isPresent() && answer.get().getStepCase() == expected,
        expected.name(),
        answer.map(Switchover::text).orElseGet(() -> call.ending().toString()));
    return answer.orElseThrow();
  }

  private static String text(SwitchoverResponse response) {
    return response.getStepCase() + " " + response.toString().replaceAll("\\s+", " ");
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }
}
