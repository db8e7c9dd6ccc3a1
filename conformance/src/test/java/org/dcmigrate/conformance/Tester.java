package org.dcmigrate.conformance;

import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** Runs the suite against a peer on loopback. */
final class Tester {
  private Tester() {}

  static List<CaseResult> run(String endpoint, Duration timeout, String... globs)
      throws DcmException {
    ManagedChannel channel =
        Transport.channel(
            endpoint, new Security.PlaintextLoopback(ReferencePeer.TESTER), ReferencePeer.TESTER);
    try {
      return new Runner(
              new Target(channel, ReferencePeer.TESTER, timeout),
              TestGuest.synthetic(),
              true,
              Duration.ofMinutes(5))
          .run(Suite.matching(List.of(globs)), result -> {});
    } finally {
      channel.shutdownNow();
    }
  }
}
