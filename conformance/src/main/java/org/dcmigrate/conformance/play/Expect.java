package org.dcmigrate.conformance.play;

import com.google.rpc.ErrorInfo;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;

/** Checks; each throws {@link CheckFailed}. */
public final class Expect {
  private static final long POLL_NS = 5_000_000;

  private Expect() {}

  /** Checks that two values are equal. */
  public static void equal(String what, Object expected, Object actual) {
    that(what, expected.equals(actual), expected.toString(), String.valueOf(actual));
  }

  /** Checks a condition. */
  public static void that(String what, boolean right, String expected, String actual) {
    if (!right) {
      throw new CheckFailed(what, Transcript.shortened(expected), Transcript.shortened(actual));
    }
  }

  /** Checks that something comes true within a time. */
  public static void eventually(String what, Duration patience, BooleanSupplier condition) {
    long deadlineNs = System.nanoTime() + patience.toNanos();
    while (!condition.getAsBoolean()) {
      that(what, System.nanoTime() < deadlineNs, "within " + patience, "not at all");
      LockSupport.parkNanos(POLL_NS);
    }
  }

  /** Checks that a call succeeded; gives its messages. */
  public static <A> List<A> ok(String what, Answer<A> answer) {
    that(what, answer.ending().isOk(), "OK", answer.ending().toString());
    return answer.messages();
  }

  /** Checks that a call succeeded with one message; gives it. */
  public static <A> A one(String what, Answer<A> answer) {
    List<A> messages = ok(what, answer);
    that(what, messages.size() == 1, "one message", messages.size() + " messages");
    return messages.getFirst();
  }

  /**
   * Checks that a call was refused for one of these reasons, the way that every error of the
   * protocol has to be told.
   */
  public static void refused(String what, Answer<?> answer, Reason... reasons) {
    refused(what, answer.ending(), reasons);
  }

  /** Checks how a call ended, as {@link #refused(String, Answer, Reason...)}. */
  public static void refused(String what, Ending ending, Reason... reasons) {
    String expected =
        Arrays.stream(reasons)
            .map(reason -> reason.code() + " [" + Errors.DOMAIN + "/" + reason + "]")
            .collect(Collectors.joining(" or "));
    that(what, !ending.isOk(), "a refusal with " + expected, ending.toString());
    Optional<ErrorInfo> info = ending.infos().stream().findFirst();
    that(
        what + ": ErrorInfo",
        ending.infos().size() == 1,
        "one google.rpc.ErrorInfo of domain \"dcm\", with " + expected,
        ending.infos().size() + " of them in " + ending);
    that(
        what + ": domain of the ErrorInfo",
        info.orElseThrow().getDomain().equals(Errors.DOMAIN),
        "dcm",
        ending.toString());
    Optional<Reason> reason =
        Arrays.stream(reasons)
            .filter(each -> each.name().equals(info.orElseThrow().getReason()))
            .findFirst();
    that(what, reason.isPresent(), expected, ending.toString());
    that(
        what + ": gRPC code",
        ending.status().getCode() == reason.orElseThrow().code(),
        expected,
        ending.toString());
    that(
        what + ": sentence for the operator",
        !Optional.ofNullable(ending.status().getDescription()).orElse("").isBlank(),
        "a status message",
        "none in " + ending);
  }
}
