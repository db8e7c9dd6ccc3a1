package org.dcmigrate.conformance;

import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Votes;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** Runs the suite against a peer on loopback. */
final class Tester {
  private Tester() {}

  /** The cases in which the tester is no more than a source. */
  static List<Case> asSource(String... globs) {
    return Suite.matching(List.of(globs)).stream()
        .filter(each -> Claims.HOLDER.objection(each).isEmpty())
        .toList();
  }

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
          .run(asSource(globs), result -> {});
    } finally {
      channel.shutdownNow();
    }
  }

  /** Runs cases of the role source. */
  static List<CaseResult> source(ReferencePeer peer, Duration timeout, String... globs)
      throws DcmException {
    ManagedChannel channel =
        Transport.channel(
            peer.endpoint(),
            new Security.PlaintextLoopback(ReferencePeer.TESTER),
            ReferencePeer.REFERENCE);
    try (Stage stage =
        Stage.open(
            peer.cast(),
            timeout,
            Transport.channel(peer.endpoint(), peer.cast().operator(), peer.cast().target()),
            Stage.UNTOUCHED)) {
      return new Runner(
              Target.on(stage, channel, ReferencePeer.TESTER, timeout),
              TestGuest.synthetic(),
              true,
              Duration.ofMinutes(10))
          .run(
              Suite.matching(List.of(globs)).stream()
                  .filter(each -> Selection.role(each).equals("source"))
                  .toList(),
              result -> {});
    } finally {
      channel.shutdownNow();
    }
  }
}
