package org.dcmigrate.protocol;

/** An error of the protocol: a stable reason, and one sentence for the operator. */
public final class DcmException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  public DcmException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public DcmException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** The stable reason. */
  public Reason reason() {
    return reason;
  }

  /** What went wrong, said what was expected, what came and what to do. */
  public String sentence() {
    return String.valueOf(getMessage());
  }

  /** Reason and sentence as a value, for the state machines. */
  public Failure failure() {
    return new Failure(reason, sentence());
  }
}
