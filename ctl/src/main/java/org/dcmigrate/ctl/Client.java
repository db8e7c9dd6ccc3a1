package org.dcmigrate.ctl;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc.PeerServiceBlockingStub;

/** An operator's connection to one peer. Errors come out as {@link CtlException}. */
public final class Client implements AutoCloseable {
  private static final PeerId UNNAMED_PEER = new PeerId("spiffe://loopback/peer/any");
  private static final String UNNAMED_OPERATOR = "spiffe://loopback/operator/any";

  private final String endpoint;
  private final ManagedChannel channel;
  private final Duration answerTimeout;

  private Client(String endpoint, ManagedChannel channel, Duration answerTimeout) {
    this.endpoint = endpoint;
    this.channel = channel;
    this.answerTimeout = answerTimeout;
  }

  /**
   * Prepares a connection; it is made at the first call.
   *
   * @param expected who the peer must be
   * @param answerTimeout how long a call may take
   */
  public static Client open(
      String endpoint, Security security, PeerId expected, Duration answerTimeout)
      throws DcmException {
    return new Client(
        endpoint, Transport.channel(endpoint, security, expected), answerTimeout);
  }

  static Client open(Settings settings) throws CtlException {
    String endpoint = settings.get(Settings.ENDPOINT).orElse(Settings.DEFAULT_ENDPOINT);
    Duration timeout = settings.answerTimeout();
    try {
      if (settings.plaintext()) {
        String identity = settings.get(Settings.IDENTITY).orElse(UNNAMED_OPERATOR);
        return open(
            endpoint,
            new Security.PlaintextLoopback(PeerId.parse(identity)),
            UNNAMED_PEER,
            timeout);
      }
      TlsMaterial material =
          TlsMaterial.load(
              Path.of(settings.require(Settings.CA, "the file of trusted CA certificates")),
              Path.of(settings.require(Settings.CERT, "the file of the own certificate")),
              Path.of(settings.require(Settings.KEY, "the file of the own key")));
      String expected =
          settings.require(Settings.PEER_IDENTITY, "who the peer at " + endpoint + " must be");
      return open(
          endpoint, new Security.MutualTls(material), PeerId.parse(expected), timeout);
    } catch (DcmException unusable) {
      throw new CtlException(ExitCode.USAGE, unusable.sentence(), unusable);
    }
  }

  /** Calls about migrations, each with the deadline for answers. */
  public MigrationServiceBlockingStub migrations() {
    return watching().withDeadlineAfter(answerTimeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Calls about peer and guests, each with the deadline for answers. */
  public PeerServiceBlockingStub peers() {
    return PeerServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(answerTimeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Calls about migrations without a deadline. */
  MigrationServiceBlockingStub watching() {
    return MigrationServiceGrpc.newBlockingStub(channel);
  }

  /** Asks for something; without an answer in time the peer counts as unreachable. */
  <T> T ask(Supplier<T> call) throws CtlException {
    return call(call, ExitCode.UNREACHABLE, "no answer came within " + seconds());
  }

  /** Orders something; without an answer in time it may still be carried out. */
  <T> T order(Supplier<T> call) throws CtlException {
    return call(
        call,
        ExitCode.WAIT_TIMED_OUT,
        "no answer came within " + seconds() + "; it may still be carried out");
  }

  /** The exit code and sentence for a failed call. */
  CtlException failure(StatusRuntimeException failure) {
    DcmException error = Errors.fromStatus(failure);
    return switch (error.reason()) {
      case PEER_UNREACHABLE, PEER_NOT_SERVING ->
          new CtlException(ExitCode.UNREACHABLE, sentence("unreachable", error), failure);
      case INTERNAL ->
          new CtlException(ExitCode.INTERNAL, sentence("the peer failed", error), failure);
      default -> new CtlException(ExitCode.REFUSED, sentence("refused", error), failure);
    };
  }

  private <T> T call(Supplier<T> call, ExitCode late, String lateSentence) throws CtlException {
    try {
      return call.get();
    } catch (StatusRuntimeException failure) {
      if (isLate(failure)) {
        throw new CtlException(
            late,
            "%s (%s): %s".formatted(endpoint, Reason.DEADLINE_PASSED, lateSentence),
            failure);
      }
      throw failure(failure);
    }
  }

  /** Whether our own deadline passed, as opposed to one that the peer speaks of. */
  static boolean isLate(StatusRuntimeException failure) {
    return failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED
        && failure.getTrailers() == null;
  }

  private String sentence(String head, DcmException error) {
    String where = error.reason() == Reason.PEER_UNREACHABLE ? endpoint + ": " : "";
    return "%s (%s): %s%s".formatted(head, error.reason(), where, error.sentence());
  }

  private String seconds() {
    return Units.time(answerTimeout.toNanos());
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
