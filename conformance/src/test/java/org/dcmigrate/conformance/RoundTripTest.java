package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.NullPeer;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.conformance.play.RoundTrip;
import org.dcmigrate.protocol.transport.Security;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the way to a target adds to the patience of cases, and what it cannot. */
class RoundTripTest {
  private static final Security SECURITY = new Security.PlaintextLoopback(ReferencePeer.TESTER);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @Test
  void aLongerWayTakesLonger() {
    assertThat(RoundTrip.patience(TIMEOUT, Duration.ZERO)).isEqualTo(TIMEOUT);
    assertThat(RoundTrip.patience(TIMEOUT, Duration.ofMillis(50))).hasSeconds(15);
  }

  @Test
  void aSlowTargetDoesNotExcuseItself() {
    assertThat(RoundTrip.patience(TIMEOUT, Duration.ofSeconds(9))).hasSeconds(30);
  }

  /** A refusal is an answer; whoever says nothing is no distance away. */
  @ParameterizedTest
  @EnumSource
  void isMeasuredWhereThereIsAnAnswer(NullPeer peer) throws Exception {
    try (NullPeer.Running running = peer.start(SECURITY)) {
      Cast cast =
          new Cast(
              running.endpoint(),
              ReferencePeer.TESTER,
              new Persona("tester", SECURITY, Optional.empty()),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              TIMEOUT);
      boolean answers = peer != NullPeer.SILENT && peer != NullPeer.HANGS_UP;
      assertThat(RoundTrip.measured(cast, answers ? TIMEOUT : peer.timeout()).isPositive())
          .isEqualTo(answers);
    }
  }
}
