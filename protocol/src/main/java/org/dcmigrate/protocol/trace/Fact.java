package org.dcmigrate.protocol.trace;

import java.util.Locale;

/** What events may tell beside the step itself. */
public enum Fact {
  /** Identity of the destination of the attempt. */
  DESTINATION("[!-~]{1,255}", "an identity"),
  /** Identity of the witness of the attempt. */
  WITNESS("[!-~]{1,255}", "an identity"),
  /** Identity of the peer that owns the guest in the end. */
  OWNER("[!-~]{1,255}", "an identity"),
  /** How the migration ended. */
  RESULT("COMPLETED|CANCELLED|FAILED", "COMPLETED, CANCELLED or FAILED"),
  /** Ballot of the vote that stands. */
  BALLOT("\\d{1,10}", "digits"),
  /** Choice of the vote that stands, or of the operator. */
  CHOICE("SOURCE|DESTINATION", "SOURCE or DESTINATION"),
  /** The highest ballot promised. */
  PROMISED("\\d{1,10}", "digits"),
  /** Identity of the voter that has answered. */
  FROM("[!-~]{1,255}", "an identity"),
  /** Reason of a refusal or failure. */
  REASON("[A-Z_]{1,63}", "a reason");

  private final String pattern;
  private final String expectation;

  Fact(String pattern, String expectation) {
    this.pattern = pattern;
    this.expectation = expectation;
  }

  boolean allows(String value) {
    return value.matches(pattern);
  }

  String expectation() {
    return expectation;
  }

  /** As events name it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
