package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code dcmctl limits}. */
@Command(
    name = "limits",
    description = "The limits of a peer.",
    subcommands = {LimitsCommand.Set.class})
final class LimitsCommand extends CommandGroup {

  @Command(name = "set", description = "Sets limits, until the peer is restarted.")
  static final class Set extends CtlCommand {
    @Option(
        names = "--egress",
        required = true,
        paramLabel = "RATE",
        description =
            "Outgoing page data of the whole peer, e.g. 100MiB or 10Gbit; none: no limit.")
    private String egress = "";

    @Override
    public Integer call() throws Exception {
      long bytesPerSecond = egress.equals("none") ? 0 : Units.parseBytes(egress);
      return PeerOperations.setEgress(environment(), options(), bytesPerSecond);
    }
  }
}
