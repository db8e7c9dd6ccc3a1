package org.dcmigrate.conformance.play;

/** What a case takes for granted did not work, so that the case says nothing. */
public final class Inconclusive extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final CheckFailed failed;

  public Inconclusive(String given, CheckFailed failed) {
    super(given + ": " + failed.getMessage(), failed);
    this.failed = failed;
  }

  /** The check that failed. */
  public CheckFailed failed() {
    return failed;
  }
}
