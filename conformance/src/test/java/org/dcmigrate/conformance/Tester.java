package org.dcmigrate.conformance;

import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Votes;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** Runs the suite against a peer on loopback. */
final class Tester {
  private Tester() {}

  /** Runs cases; {@code listen} is where the peer reaches the tester. */
  static List<CaseResult> run(String endpoint, String listen, Duration timeout, String... globs)
      throws DcmException {
    Security security = new Security.PlaintextLoopback(ReferencePeer.TESTER);
    ManagedChannel channel = Transport.channel(endpoint, security, ReferencePeer.TESTER);
    try (Votes votes = Votes.listen(listen, security)) {
      return new Runner(
              new Target(channel, ReferencePeer.TESTER, timeout, Optional.of(votes)),
              TestGuest.synthetic(),
              true,
              Duration.ofMinutes(5))
          .run(Suite.matching(List.of(globs)), result -> {});
    } finally {
      channel.shutdownNow();
    }
  }
}
