package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.KillMatrix;
import org.dcmigrate.conformance.mutants.NullPeer;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Peers that do nothing right pass nothing. The tester waits for most answers of them in vain. */
@Execution(ExecutionMode.CONCURRENT)
class NullPeerTest {
  /** At most so many cases do not apply without TLS, an adapter and a declaration. */
  private static final int NOT_HERE = 63;

  private static final Security SECURITY = new Security.PlaintextLoopback(ReferencePeer.TESTER);

  @ParameterizedTest
  @EnumSource
  void passesNothing(NullPeer peer) throws Exception {
    Cast cast =
        new Cast(
            "127.0.0.1:1",
            ReferencePeer.TESTER,
            persona("tester"),
            Optional.of(persona("tester-2")),
            Optional.of(persona("tester-witness")),
            Optional.of(SECURITY),
            Optional.empty(),
            Optional.empty(),
            Duration.ofMillis(200));
    KillMatrix.Nothing nothing =
        new KillMatrix(cast, TestGuest.synthetic()).nullPeers(List.of(peer), each -> {}).getFirst();
    assertThat(nothing.passed()).isEmpty();
    assertThat(nothing.cases()).isGreaterThan(Suite.all().size() - NOT_HERE);
  }

  private static Persona persona(String name) throws Exception {
    return new Persona(
        name,
        new Security.PlaintextLoopback(new PeerId("spiffe://test/peer/" + name)),
        Optional.of("127.0.0.1:" + FreePorts.one()));
  }

  /** That none passed is no error of the tester. */
  @ParameterizedTest
  @EnumSource
  void failsInOrder(NullPeer peer) throws Exception {
    try (NullPeer.Running running = peer.start(SECURITY)) {
      List<CaseResult> results =
          Tester.run(
              ReferencePeer.pair(running.endpoint(), "127.0.0.1:0", "127.0.0.1:0"),
              peer.timeout(),
              Tester.asSource("handshake/*/*"));
      assertThat(results)
          .filteredOn(
              result ->
                  result.verdict() == Verdict.TESTER_ERROR || result.verdict() == Verdict.NOT_RUN)
          .isEmpty();
      assertThat(results).anyMatch(result -> result.verdict() == Verdict.FAIL);
      assertThat(Report.allPassed(results, true)).isFalse();
    }
  }
}
