package org.dcmigrate.ctl;

import io.grpc.StatusRuntimeException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;

/** Turns what went wrong into one sentence and an exit code. */
final class Failures {
  private Failures() {}

  /** Prints the sentence; gives the exit code. */
  static int report(Exception failure, Environment environment) {
    int code;
    String text;
    switch (failure) {
      case CtlException ours -> {
        code = ours.exitCode();
        text = ours.sentence();
      }
      case DcmException error -> {
        code = exitCode(error.reason());
        text = describe(error);
      }
      case StatusRuntimeException status -> {
        DcmException error = Errors.fromStatus(status);
        code = exitCode(error.reason());
        text = describe(error);
      }
      default -> {
        code = ExitCode.INTERNAL;
        text = "internal error: " + failure;
      }
    }
    environment.err().println("dcmctl: " + text);
    environment.err().flush();
    return code;
  }

  private static String describe(DcmException error) {
    String what =
        switch (exitCode(error.reason())) {
          case ExitCode.UNREACHABLE -> "peer unreachable";
          case ExitCode.INTERNAL -> "internal error";
          default -> "refused";
        };
    return "%s (%s): %s".formatted(what, error.reason(), error.sentence());
  }

  private static int exitCode(Reason reason) {
    return switch (reason) {
      case PEER_UNREACHABLE, PEER_NOT_SERVING -> ExitCode.UNREACHABLE;
      case INTERNAL -> ExitCode.INTERNAL;
      default -> ExitCode.REFUSED;
    };
  }
}
