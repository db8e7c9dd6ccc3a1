package org.dcmigrate.conformance;

import org.dcmigrate.conformance.suite.Selection.Levels;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code dcm-conformance}. */
@Command(
    name = "dcm-conformance",
    mixinStandardHelpOptions = true,
    version = "dcm-conformance 0.1.0",
    subcommands = {
      RunCommand.class,
      ListCommand.class,
      DoctorCommand.class,
      ExplainCommand.class,
      KillMatrixCommand.class,
      TraceCheckCommand.class,
      AdapterSkeletonCommand.class,
      ReferenceAdapterCommand.class
    },
    description = "Checks a peer against the DCM protocol.",
    footer = {
      "",
      "Exit codes: 0 at least one case passed, and the others passed, warned, or failed as is"
          + " known; 1 otherwise; 2 wrong usage, or the target cannot be reached."
    })
public final class Main {
  // Held, as the JDK keeps loggers, and the levels set on them, only as long as somebody else does.
  private static final java.util.logging.Logger GRPC_LOG =
      java.util.logging.Logger.getLogger("io.grpc");

  private Main() {}

  /** Runs the command. */
  public static void main(String[] arguments) {
    GRPC_LOG.setLevel(java.util.logging.Level.SEVERE);
    System.exit(commandLine().execute(arguments));
  }

  /** The command, for use within a process. */
  public static CommandLine commandLine() {
    return new CommandLine(new Main()).registerConverter(Levels.class, Main::levels);
  }

  private static Levels levels(String text) {
    try {
      return Levels.parse(text);
    } catch (IllegalArgumentException wrong) {
      throw new CommandLine.TypeConversionException(wrong.getMessage());
    }
  }
}
