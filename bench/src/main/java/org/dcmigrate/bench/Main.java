package org.dcmigrate.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code bench/run}. */
@Command(
    name = "bench/run",
    mixinStandardHelpOptions = true,
    subcommands = {
      GridCommand.class,
      LineCommand.class,
      VmCommand.class,
      GrowthCommand.class,
      ManyCommand.class,
      CopyCommand.class
    },
    description = "Measures DCM on this machine, against what it competes with in the same run.",
    footer = {
      "",
      "Results go to stdout, progress to stderr. Exit codes: 0 measured; 1 not all could be"
          + " measured; 2 wrong usage; 130 interrupted."
    })
public final class Main {
  // Held, as the JDK keeps loggers, and the levels set on them, only as long as somebody else does.
  private static final java.util.logging.Logger GRPC_LOG =
      java.util.logging.Logger.getLogger("io.grpc");

  private Main() {}

  /** Runs the command. */
  public static void main(String[] arguments) {
    GRPC_LOG.setLevel(java.util.logging.Level.SEVERE);
    System.exit(
        new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments));
  }
}
