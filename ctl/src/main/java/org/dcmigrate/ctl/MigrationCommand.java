package org.dcmigrate.ctl;

import org.dcmigrate.v1.Choice;
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
      MigrationCommand.Set.class,
      MigrationCommand.Cancel.class,
      MigrationCommand.Resolve.class
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

  @Command(name = "set", description = "Changes a running migration.")
  static final class Set extends CtlCommand {
    @Parameters(paramLabel = "MIGRATION", description = NAMED)
    private String migration = "";

    @Option(
        names = "--downtime-limit",
        required = true,
        paramLabel = "MS",
        description = "How long the guest may stand still from now on, in milliseconds.")
    private int downtimeLimitMs;

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return MigrationOperations.set(
          environment(), options(), output(output.format), migration, downtimeLimitMs);
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

  /** Who is to run the guest. */
  enum Owner {
    source(Choice.CHOICE_SOURCE),
    destination(Choice.CHOICE_DESTINATION);

    private final Choice choice;

    Owner(Choice choice) {
      this.choice = choice;
    }
  }

  @Command(
      name = "resolve",
      description = {
        "Decides who owns the guest where the peers cannot.",
        "For a migration IN_DOUBT or COMMITTED whose other side is lost: asked of the source, or"
            + " of a destination that waits for the decision (with the migration's whole id)."
      })
  static final class Resolve extends CtlCommand {
    @Parameters(paramLabel = "MIGRATION", description = NAMED)
    private String migration = "";

    @Option(
        names = "--owner",
        required = true,
        paramLabel = "SIDE",
        description = "Who is to run the guest: source or destination.")
    private Owner owner = Owner.source;

    @Option(
        names = "--other-side-is-fenced",
        description =
            "Your word that the other side does not run the guest and never will. If this is"
                + " wrong, the guest runs twice and its disks are damaged.")
    private boolean fenced;

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return MigrationOperations.resolve(
          environment(), options(), output(output.format), migration, owner.choice, fenced);
    }
  }
}
