package org.dcmigrate.protocol.trace;

/** A line of a trace has not the form of an event. */
public final class TraceFormatException extends Exception {
  private static final long serialVersionUID = 1L;

  TraceFormatException(String sentence) {
    super(sentence);
  }
}
