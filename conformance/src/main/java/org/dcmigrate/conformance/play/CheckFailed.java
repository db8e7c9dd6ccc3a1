package org.dcmigrate.conformance.play;

/** Something was expected of the peer, and something else came. */
public final class CheckFailed extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final String expected;
  private final String actual;

  public CheckFailed(String what, String expected, String actual) {
    super(what + ": expected " + expected + ", but was " + actual);
    this.what = what;
    this.expected = expected;
    this.actual = actual;
  }

  /** What was looked at. */
  public String what() {
    return what;
  }

  /** What should have been there. */
  public String expected() {
    return expected;
  }

  /** What was there. */
  public String actual() {
    return actual;
  }
}
