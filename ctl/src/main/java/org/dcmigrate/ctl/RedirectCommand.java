package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dcmctl redirect}. */
@Command(
    name = "redirect",
    description = {
      "Changes the destination of a running migration.",
      "What was sent already is kept: the old destination relays it to the new one."
    })
final class RedirectCommand extends CtlCommand {
  @Parameters(paramLabel = "MIGRATION", description = "Its id, a prefix of it, or its guest.")
  private String migration = "";

  @Option(
      names = "--to",
      required = true,
      paramLabel = "PEER",
      description = "The new destination, by its name in the source's configuration.")
  private String destination = "";

  @Mixin private WatchOptions watch = new WatchOptions();
  @Mixin private OutputOption output = new OutputOption();

  @Override
  public Integer call() throws Exception {
    return MigrationOperations.redirect(
        environment(), options(), output(output.format), watch, migration, destination);
  }
}
