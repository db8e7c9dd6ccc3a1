package org.dcmigrate.ctl;

/** Ends the command: an exit code, and one sentence for the operator. */
public final class CtlException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  public CtlException(int exitCode, String sentence) {
    super(sentence);
    this.exitCode = exitCode;
  }

  public CtlException(int exitCode, String sentence, Throwable cause) {
    super(sentence, cause);
    this.exitCode = exitCode;
  }

  /** Something in the command line, the environment or a local file is not usable. */
  public static CtlException usage(String sentence) {
    return new CtlException(ExitCode.USAGE, sentence);
  }

  /** One of {@link ExitCode}. */
  public int exitCode() {
    return exitCode;
  }

  /** What is wrong, and what to do. */
  public String sentence() {
    return String.valueOf(getMessage());
  }
}
