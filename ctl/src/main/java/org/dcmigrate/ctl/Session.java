package org.dcmigrate.ctl;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc.PeerServiceBlockingStub;

/** A connection to one peer for the time of one command. */
final class Session implements AutoCloseable {
  private static final Duration QUESTION = Duration.ofSeconds(30);

  // Redirect waits for the new destination, and cancel for the old ones; both have time-outs there.
  private static final Duration CHANGE = Duration.ofMinutes(2);

  private final ManagedChannel channel;

  private Session(ManagedChannel channel) {
    this.channel = channel;
  }

  static Session open(Environment environment, GlobalOptions options) throws CtlException {
    ConnectionSettings settings = ConnectionSettings.resolve(options, environment.variables());
    return new Session(environment.connector().connect(settings));
  }

  /** For calls that only ask. */
  MigrationServiceBlockingStub migrations() {
    return MigrationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(QUESTION);
  }

  /** For calls that change something. */
  MigrationServiceBlockingStub changes() {
    return MigrationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CHANGE);
  }

  /** For streams: no deadline. */
  MigrationServiceBlockingStub streams() {
    return MigrationServiceGrpc.newBlockingStub(channel);
  }

  PeerServiceBlockingStub peers() {
    return PeerServiceGrpc.newBlockingStub(channel).withDeadlineAfter(QUESTION);
  }

  /** Makes a call whose time-out at this side means that nobody answers. */
  static <T> T ask(Supplier<T> call) throws CtlException {
    return within(ExitCode.UNREACHABLE, "the peer did not answer in time; is it overloaded?", call);
  }

  /** Makes a call that goes on at the peer when this side no longer waits. */
  static <T> T change(Supplier<T> call) throws CtlException {
    return within(
        ExitCode.WAIT_TIMED_OUT,
        "no answer in time; the peer goes on with it, see: dcmctl migration list",
        call);
  }

  private static <T> T within(int exitCode, String sentence, Supplier<T> call) throws CtlException {
    try {
      return call.get();
    } catch (StatusRuntimeException failure) {
      if (isOwnDeadline(failure)) {
        throw new CtlException(exitCode, sentence, failure);
      }
      throw failure;
    }
  }

  /** A deadline that passed at this side carries no details; a peer's answer always does. */
  static boolean isOwnDeadline(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    return failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED
        && (status == null || status.getDetailsCount() == 0);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
