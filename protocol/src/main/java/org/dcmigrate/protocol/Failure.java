package org.dcmigrate.protocol;

/** A failure as a value: a stable reason, and one sentence for the operator. */
public record Failure(Reason reason, String sentence) {

  /** The failure as an exception. */
  public DcmException exception() {
    return new DcmException(reason, sentence);
  }

  @Override
  public String toString() {
    return reason + ": " + sentence;
  }
}
