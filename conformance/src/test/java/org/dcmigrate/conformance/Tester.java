package org.dcmigrate.conformance;

import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Access;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Votes;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** Runs the suite against a peer on loopback. */
final class Tester {
  private Tester() {}

  /** Runs cases at a reference peer. */
  static List<CaseResult> run(ReferencePeer peer, String... globs) throws DcmException {
    return run(peer.endpoint(), peer, globs);
  }

  /** Runs cases at what stands in front of a reference peer. */
  static List<CaseResult> run(String endpoint, ReferencePeer behind, String... globs)
      throws DcmException {
    return run(endpoint, behind.tester(), behind.second(), Duration.ofSeconds(10), globs);
  }

  /**
   * Runs cases.
   *
   * @param listen where the peer reaches the tester
   * @param listenSecond where it reaches the tester as the other peer
   */
  static List<CaseResult> run(
      String endpoint, String listen, String listenSecond, Duration timeout, String... globs)
      throws DcmException {
    Security security = new Security.PlaintextLoopback(ReferencePeer.TESTER);
    ManagedChannel channel = Transport.channel(endpoint, security, ReferencePeer.TESTER);
    try (Votes votes = Votes.listen(listen, security);
        Votes second = Votes.listen(listenSecond, security);
        Access access = access(endpoint, security, Optional.of(second))) {
      return new Runner(
              new Target(channel, ReferencePeer.TESTER, timeout, Optional.of(votes), access),
              TestGuest.synthetic(),
              true,
              Duration.ofMinutes(5))
          .run(Suite.matching(List.of(globs)), result -> {});
    } finally {
      channel.shutdownNow();
    }
  }

  /** Whether a case passed, or needs TLS, which {@link SecurityTest} has. */
  static boolean passed(CaseResult result) {
    return result.verdict() == Verdict.PASS
        || (result.verdict() == Verdict.NOT_APPLICABLE
            && result.explanation().contains("--ca-key"));
  }

  /** Ways to a reference peer, or to what stands in front of one. */
  static Access access(String endpoint, Security security, Optional<Votes> second) {
    return new Access(
        endpoint,
        security,
        ReferencePeer.TESTER,
        Optional.of(ReferencePeer.SECOND),
        second,
        Optional.empty());
  }
}
