package org.dcmigrate.conformance.suite;

import java.time.Duration;
import java.util.List;

/**
 * What became of one case.
 *
 * @param explanation one sentence; of a case that passed, what it left at the target, if anything
 * @param expected what was expected where a check failed, else empty
 * @param actual what came where a check failed, else empty
 * @param messages the last messages exchanged; none where the case passed
 */
public record CaseResult(
    Case of,
    Verdict verdict,
    Duration took,
    String explanation,
    String expected,
    String actual,
    List<String> messages) {
  public CaseResult {
    messages = List.copyOf(messages);
  }

  /** The same with another verdict. */
  CaseResult as(Verdict other, String why) {
    return new CaseResult(of, other, took, why, expected, actual, messages);
  }

  /** A case about something that the target does not claim. */
  static CaseResult notApplicable(Case of, String why) {
    return new CaseResult(of, Verdict.NOT_APPLICABLE, Duration.ZERO, why, "", "", List.of());
  }

  /** A case that was not run. */
  static CaseResult notRun(Case of, String why) {
    return new CaseResult(of, Verdict.NOT_RUN, Duration.ZERO, why, "", "", List.of());
  }
}
