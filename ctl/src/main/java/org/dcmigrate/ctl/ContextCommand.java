package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code dcmctl context}. */
@Command(
    name = "context",
    description = "Stored connections.",
    subcommands = {
      ContextCommand.ListContexts.class,
      ContextCommand.Use.class,
      ContextCommand.Set.class
    })
final class ContextCommand extends CommandGroup {

  @Command(name = "list", description = "Lists the stored connections.")
  static final class ListContexts extends CtlCommand {
    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return ContextOperations.list(environment(), output(output.format));
    }
  }

  @Command(name = "use", description = "Makes a stored connection the one to use.")
  static final class Use extends CtlCommand {
    @Parameters(paramLabel = "NAME", description = "Its name.")
    private String name = "";

    @Override
    public Integer call() throws Exception {
      return ContextOperations.use(environment(), name);
    }
  }

  @Command(
      name = "set",
      description = {
        "Stores a connection, or changes one; the first one stored is used.",
        "Its values are those of --endpoint, --peer-identity, --ca, --cert and --key, or of"
            + " --endpoint, --plaintext and --identity."
      })
  static final class Set extends CtlCommand {
    @Parameters(paramLabel = "NAME", description = "Its name.")
    private String name = "";

    @Override
    public Integer call() throws Exception {
      return ContextOperations.set(environment(), options(), name);
    }
  }
}
