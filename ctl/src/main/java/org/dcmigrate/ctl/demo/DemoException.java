package org.dcmigrate.ctl.demo;

/** The demonstration cannot go on; the sentence says why. */
final class DemoException extends Exception {
  private static final long serialVersionUID = 1L;

  DemoException(String sentence) {
    super(sentence);
  }

  DemoException(String sentence, Throwable cause) {
    super(sentence, cause);
  }

  String sentence() {
    return String.valueOf(getMessage());
  }
}
