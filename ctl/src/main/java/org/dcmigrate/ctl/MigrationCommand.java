package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dcmctl migration}. */
@Command(
    name = "migration",
    description = "The migrations that a peer is the source of.",
    subcommands = {
      MigrationCommand.ListMigrations.class,
      MigrationCommand.Show.class,
      MigrationCommand.Watch.class,
      MigrationCommand.Cancel.class
    })
final class MigrationCommand extends CommandGroup {
  private static final String NAMED = "Its id, a prefix of it, or its guest.";

  @Command(name = "list", description = "Lists the migrations, the newest first.")
  static final class ListMigrations extends CtlCommand {
    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return MigrationOperations.list(environment(), options(), output(output.format));
    }
  }

  @Command(name = "show", description = "Shows one migration.")
  static final class Show extends CtlCommand {
    @Parameters(paramLabel = "MIGRATION", description = NAMED)
    private String migration = "";

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return MigrationOperations.show(environment(), options(), output(output.format), migration);
    }
  }

  @Command(
      name = "watch",
      description = {
        "Follows a migration to its end.",
        "Ctrl-C detaches; the migration goes on. With -o json, one line for each step."
      })
  static final class Watch extends CtlCommand {
    @Parameters(paramLabel = "MIGRATION", description = NAMED)
    private String migration = "";

    @Option(
        names = "--timeout",
        paramLabel = "TIME",
        defaultValue = "",
        description = "Stop following after this time, e.g. 10m; the migration goes on.")
    private String timeout = "";

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return MigrationOperations.watch(
          environment(), options(), output(output.format), migration, timeout);
    }
  }

  @Command(name = "cancel", description = "Cancels a migration: the guest goes on at the source.")
  static final class Cancel extends CtlCommand {
    @Parameters(paramLabel = "MIGRATION", description = NAMED)
    private String migration = "";

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return MigrationOperations.cancel(environment(), options(), output(output.format), migration);
    }
  }
}
