package org.dcmigrate.conformance.play;

/** The case cannot be run at this target, or with what the tester was given. */
public final class NotApplicable extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the reason, one sentence. */
  public NotApplicable(String reason) {
    super(reason);
  }
}
