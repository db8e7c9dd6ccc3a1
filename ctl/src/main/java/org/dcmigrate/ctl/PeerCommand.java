package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code dcmctl peer}. */
@Command(
    name = "peer",
    description = "The peer that is asked, and those it knows.",
    subcommands = {PeerCommand.ListPeers.class, PeerCommand.Show.class})
final class PeerCommand extends CommandGroup {

  @Command(
      name = "list",
      description = "Lists the peers in this peer's configuration, and whether it reaches them.")
  static final class ListPeers extends CtlCommand {
    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return PeerOperations.list(environment(), options(), output(output.format));
    }
  }

  @Command(name = "show", description = "Shows the peer that is asked.")
  static final class Show extends CtlCommand {
    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return PeerOperations.show(environment(), options(), output(output.format));
    }
  }
}
