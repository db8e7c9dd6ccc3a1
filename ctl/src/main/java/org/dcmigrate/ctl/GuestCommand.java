package org.dcmigrate.ctl;

import org.dcmigrate.protocol.Text;
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
    private static final String HOT_SET = "hot-set";

    @Parameters(paramLabel = "GUEST", description = "Its name: 1 to 63 of a-z, 0-9 and -.")
    private String guest = "";

    @Option(
        names = "--memory",
        paramLabel = "SIZE",
        defaultValue = "512MiB",
        description = "Its memory. [${DEFAULT-VALUE}]")
    private String memory = "";

    @Option(
        names = "--writes-per-second",
        paramLabel = "N",
        defaultValue = "1000",
        description = "Pages it writes in a second. [${DEFAULT-VALUE}]")
    private long writes;

    @Option(
        names = "--pattern",
        paramLabel = "PATTERN",
        defaultValue = "uniform",
        description = {
          "uniform, or hot-set: nine writes of ten go to one tenth of the pages. [${DEFAULT-VALUE}]"
        })
    private String pattern = "";

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

    @Option(
        names = "--repeated-percent",
        paramLabel = "N",
        defaultValue = "0",
        description = "Share of each page that can be compressed. [${DEFAULT-VALUE}]")
    private int repeatedPercent;

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      if (!pattern.equals("uniform") && !pattern.equals(HOT_SET)) {
        throw CtlException.usage(
            "--pattern must be uniform or hot-set, but was " + Text.quote(pattern));
      }
      return GuestOperations.create(
          environment(),
          options(),
          output(output.format),
          new SyntheticGuest(
              guest,
              Units.parseBytes(memory),
              writes,
              pattern.equals(HOT_SET),
              seed,
              zeroPercent,
              repeatedPercent));
    }
  }

  /** What is to be created. */
  record SyntheticGuest(
      String name,
      long memoryBytes,
      long writes,
      boolean hotSet,
      long seed,
      int zeroPercent,
      int repeatedPercent) {}

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
