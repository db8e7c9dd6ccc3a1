package org.dcmigrate.conformance.suite;

/** What a case says about the target. */
public enum Verdict {
  /** The target did what it must. */
  PASS,
  /** It did not do what a MUST demands. */
  FAIL,
  /** It did not do what a SHOULD advises. */
  WARN,
  /** It did not, as is known. */
  XFAIL,
  /** It did, though it is listed as known not to; counts as a failure. */
  XPASS,
  /** What the case takes for granted did not work; it says nothing. */
  INCONCLUSIVE,
  /** The tester itself failed. */
  TESTER_ERROR,
  /** The target does not claim what the case is about, or the tester lacks the means for it. */
  NOT_APPLICABLE,
  /** The case was not run. */
  NOT_RUN
}
