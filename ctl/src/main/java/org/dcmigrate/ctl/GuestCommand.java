package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dcmctl guest}. */
@Command(
    name = "guest",
    description = "The guests at a peer.",
    subcommands = {
      GuestCommand.ListGuests.class,
      GuestCommand.Show.class,
      GuestCommand.Create.class,
      GuestCommand.Delete.class
    })
final class GuestCommand extends CommandGroup {

  @Command(name = "list", description = "Lists the guests.")
  static final class ListGuests extends CtlCommand {
    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return GuestOperations.list(environment(), options(), output(output.format));
    }
  }

  @Command(name = "show", description = "Shows one guest.")
  static final class Show extends CtlCommand {
    @Parameters(paramLabel = "GUEST", description = "Its name.")
    private String guest = "";

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return GuestOperations.show(environment(), options(), output(output.format), guest);
    }
  }

  @Command(
      name = "create",
      description = "Creates and starts a synthetic guest: memory that keeps being written.")
  static final class Create extends CtlCommand {
    @Parameters(paramLabel = "GUEST", description = "Its name: 1 to 63 of a-z, 0-9 and -.")
    private String guest = "";

    @Option(
        names = "--memory",
        paramLabel = "SIZE",
        defaultValue = "512MiB",
        description = "Its memory. [${DEFAULT-VALUE}]")
    private String memory = "";

    @Option(
        names = "--writes",
        paramLabel = "N",
        defaultValue = "1000",
        description = "Pages it writes in a second. [${DEFAULT-VALUE}]")
    private long writes;

    @Option(
        names = "--hot-set",
        description = "Nine writes of ten go to one tenth of the pages, not to all alike.")
    private boolean hotSet;

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "1",
        description = "Seed of contents and writer. [${DEFAULT-VALUE}]")
    private long seed;

    @Option(
        names = "--zero-percent",
        paramLabel = "N",
        defaultValue = "0",
        description = "Share of pages that are zero at the start. [${DEFAULT-VALUE}]")
    private int zeroPercent;

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return GuestOperations.create(
          environment(),
          options(),
          output(output.format),
          new SyntheticGuest(
              guest, Units.parseBytes(memory), writes, hotSet, seed, zeroPercent));
    }
  }

  /** What is to be created. */
  record SyntheticGuest(
      String name, long memoryBytes, long writes, boolean hotSet, long seed, int zeroPercent) {}

  @Command(name = "delete", description = "Stops a synthetic guest and forgets it.")
  static final class Delete extends CtlCommand {
    @Parameters(paramLabel = "GUEST", description = "Its name.")
    private String guest = "";

    @Override
    public Integer call() throws Exception {
      return GuestOperations.delete(environment(), options(), guest);
    }
  }
}
