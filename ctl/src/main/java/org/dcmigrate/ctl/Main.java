package org.dcmigrate.ctl;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.dcmigrate.ctl.demo.DemoCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code dcmctl}. */
@Command(
    name = "dcmctl",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.Provider.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Moves running virtual machines, and changes their destination on the way.",
    footer = {
      "",
      "A migration is named by its id, a prefix of it, or its guest while that has only one under"
          + " way.",
      "Connections are stored by 'dcmctl context set' in DCM_CONFIG or"
          + " ~/.config/dcm/contexts.yaml; options win over environment variables, and these over"
          + " the context.",
      "",
      "Exit codes: 0 done; 1 internal; 2 usage; 3 migration failed or cancelled, guest still at the"
          + " source; 4 ownership in doubt; 5 refused; 6 peer unreachable; 7 wait timed out,"
          + " migration goes on; 130 interrupted: detached, not cancelled."
    })
public final class Main implements Runnable {
  private static final int WIDTH = 100;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private GlobalOptions options = new GlobalOptions();

  private final Environment environment;

  Main(Environment environment) {
    this.environment = environment;
  }

  /** All commands, in the order of the help text. */
  private static List<Object> commands() {
    return List.of(
        new DemoCommand(),
        new GuestCommand(),
        new MigrateCommand(),
        new RedirectCommand(),
        new MigrationCommand(),
        new PeerCommand(),
        new LimitsCommand(),
        new ContextCommand(),
        new CertCommand(),
        new CompletionCommand(),
        new VersionCommand());
  }

  /** Runs a command line and ends the process with its exit code. */
  public static void main(String[] arguments) {
    Map<String, String> variables = System.getenv();
    PrintWriter out = writer(FileDescriptor.out);
    PrintWriter err = writer(FileDescriptor.err);
    int code =
        run(
            new Environment(
                variables, out, err, Terminal.canAnimate(variables), new SecureConnector()),
            arguments);
    out.flush();
    err.flush();
    System.exit(code);
  }

  /** Runs a command line; gives one of {@link ExitCode}. */
  static int run(Environment environment, String... arguments) {
    return commandLine(environment).execute(arguments);
  }

  static CommandLine commandLine(Environment environment) {
    CommandLine line = new CommandLine(new Main(environment));
    commands().forEach(line::addSubcommand);
    return line.setOut(environment.out())
        .setErr(environment.err())
        .setUsageHelpWidth(WIDTH)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setParameterExceptionHandler(Main::misused)
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> Failures.report(failure, environment));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command?");
  }

  Environment environment() {
    return environment;
  }

  GlobalOptions options() {
    return options;
  }

  private static int misused(ParameterException mistake, String[] arguments) {
    CommandLine command = mistake.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("dcmctl: " + mistake.getMessage());
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(mistake, err)) {
      err.println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
    }
    err.flush();
    return ExitCode.USAGE;
  }

  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
  }
}
