package org.dcmigrate.ctl;

import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dcmctl limits}. */
@Command(
    name = "limits",
    description = "What a peer and its migrations may send.",
    subcommands = {LimitsCommand.Show.class, LimitsCommand.Set.class})
final class LimitsCommand extends CommandGroup {

  @Command(
      name = "show",
      description = {
        "Shows the peer's limit, and limit, priority and present rate of each migration.",
        "Listed are those that leave the peer, and those whose pages it relays as a contributor."
      })
  static final class Show extends CtlCommand {
    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return LimitsOperations.show(environment(), options(), output(output.format));
    }
  }

  @Command(
      name = "set",
      description = {
        "Sets limits at once, also of what is under way, until the peer is restarted.",
        "After a restart the peer's configuration is in force again. A RATE is like 100MiB/s or"
            + " 500Mbit/s; none: no limit."
      })
  static final class Set extends CtlCommand {
    @Option(
        names = "--egress",
        paramLabel = "RATE",
        description = "Outgoing page data of the whole peer.")
    private Optional<String> egress = Optional.empty();

    @Option(
        names = "--migration",
        paramLabel = "MIGRATION",
        description = "The migration that --rate and --priority are for.")
    private Optional<String> migration = Optional.empty();

    @Option(
        names = "--rate",
        paramLabel = "RATE",
        description = "Page data of the migration, at each host that sends them by itself.")
    private Optional<String> rate = Optional.empty();

    @Option(
        names = "--priority",
        paramLabel = "PRIORITY",
        description = "low, normal or high: of what is short it gets 1, 4 or 16 parts.")
    private Optional<PriorityName> priority = Optional.empty();

    @Override
    public Integer call() throws Exception {
      return LimitsOperations.set(
          environment(), options(), new Wanted(egress, migration, rate, priority));
    }
  }

  /** What is to be set. */
  record Wanted(
      Optional<String> egress,
      Optional<String> migration,
      Optional<String> rate,
      Optional<PriorityName> priority) {}
}
