package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.CheckFailed;
import org.dcmigrate.conformance.play.Ending;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;

/** The checks can fail: were one of them to let everything pass, all cases would mean nothing. */
class ExpectTest {
  private static final Ending OK = new Ending(Status.OK, List.of());
  private static final Ending BARE = new Ending(Status.INVALID_ARGUMENT, List.of());

  @Test
  void wrongValuesFail() {
    fails(() -> Expect.equal("x", 1, 2));
    fails(() -> Expect.that("x", false, "a", "b"));
    fails(() -> Expect.eventually("x", Duration.ofMillis(1), () -> false));
  }

  @Test
  void wrongAnswersFail() {
    fails(() -> Expect.ok("x", new Answer<>(List.of("a"), BARE)));
    fails(() -> Expect.one("x", new Answer<>(List.of(), OK)));
    fails(() -> Expect.one("x", new Answer<>(List.of("a", "b"), OK)));
  }

  @Test
  void noRefusalAndARefusalWithoutReasonFail() {
    fails(() -> Expect.refused("x", OK, Reason.FIELD_INVALID));
    fails(() -> Expect.refused("x", BARE, Reason.FIELD_INVALID));
    fails(() -> Expect.refused("x", new Answer<>(List.of(), OK), Reason.FIELD_INVALID));
  }

  private static void fails(ThrowingCallable check) {
    assertThatThrownBy(check).isInstanceOf(CheckFailed.class);
  }
}
