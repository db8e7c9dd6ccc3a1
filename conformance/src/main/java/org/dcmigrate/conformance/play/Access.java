package org.dcmigrate.conformance.play;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** Ways to the target beside the tester's own channel: as somebody else, or beneath gRPC. */
public final class Access implements AutoCloseable {
  private final String endpoint;
  private final Security security;
  private final PeerId expected;
  private final Optional<PeerId> second;
  private final Optional<Votes> secondVotes;
  private final Map<PeerId, ManagedChannel> channels = new ConcurrentHashMap<>();

  /**
   * Ways to a target.
   *
   * @param security who the tester is
   * @param expected who the target is
   * @param second another identity among the target's configured peers that the tester may use
   * @param secondVotes where the target reaches that one
   */
  public Access(
      String endpoint,
      Security security,
      PeerId expected,
      Optional<PeerId> second,
      Optional<Votes> secondVotes) {
    this.endpoint = endpoint;
    this.security = security;
    this.expected = expected;
    this.second = second;
    this.secondVotes = secondVotes;
  }

  /** Where the target listens. */
  public String endpoint() {
    return endpoint;
  }

  /** How the tester speaks to it. */
  public Security security() {
    return security;
  }

  /** Another identity among the target's configured peers, for cases that need two. */
  public PeerId second() {
    return second.orElseThrow(
        () -> new NotApplicable("needs another configured peer's identity: --second-identity"));
  }

  /** The votes of that other peer. */
  public Votes secondVotes() {
    return secondVotes.orElseThrow(
        () -> new NotApplicable("the target has to reach the other peer: --second-listen"));
  }

  /** A channel on which the tester is somebody else. */
  Channel as(PeerId other) {
    return channels.computeIfAbsent(other, this::open);
  }

  private ManagedChannel open(PeerId other) {
    try {
      return switch (security) {
        case Security.PlaintextLoopback plaintext ->
            Transport.channel(endpoint, new Security.PlaintextLoopback(other), expected);
        case Security.MutualTls tls ->
            throw new NotApplicable("over TLS the tester has no certificate of another identity");
      };
    } catch (DcmException wrong) {
      throw new IllegalStateException("the target's endpoint was good before", wrong);
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
