package org.dcmigrate.bench;

/** A measurement cannot go on; the sentence says why. */
final class BenchException extends Exception {
  private static final long serialVersionUID = 1L;

  BenchException(String sentence) {
    super(sentence);
  }

  BenchException(String sentence, Throwable cause) {
    super(sentence, cause);
  }

  String sentence() {
    return String.valueOf(getMessage());
  }
}
