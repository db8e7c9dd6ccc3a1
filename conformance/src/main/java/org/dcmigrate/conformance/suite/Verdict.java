package org.dcmigrate.conformance.suite;

/** What a case says about the target. */
public enum Verdict {
  /** The target did what it must. */
  PASS,
  /** It did not. */
  FAIL,
  /** What the case takes for granted did not work; it says nothing. */
  INCONCLUSIVE,
  /** The tester itself failed. */
  TESTER_ERROR,
  /** The case was not run. */
  NOT_RUN
}
