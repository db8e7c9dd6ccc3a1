package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dcmctl migrate}. */
@Command(name = "migrate", description = "Starts moving a guest of the peer to another one.")
final class MigrateCommand extends CtlCommand {
  @Parameters(paramLabel = "GUEST", description = "Name of the guest.")
  private String guest = "";

  @Option(
      names = "--to",
      required = true,
      paramLabel = "PEER",
      description = "The destination, by its name in the source's configuration.")
  private String destination = "";

  @Option(
      names = "--downtime-limit",
      paramLabel = "MS",
      defaultValue = "0",
      description = "How long the guest may stand still, in milliseconds. [300]")
  private int downtimeLimitMs;

  @Option(
      names = "--audit",
      description = "Compare the stopped memory, read anew, with what the destination verified.")
  private boolean audit;

  @Option(
      names = "--witness",
      paramLabel = "PEER",
      defaultValue = "",
      description =
          "A third peer that votes on who owns the guest, so that the loss of one host at the end"
              + " leaves no doubt. After a redirect an old destination does so unasked.")
  private String witness = "";

  @Option(
      names = "--limit",
      paramLabel = "RATE",
      defaultValue = "none",
      description =
          "The most page data to send, like 100MiB/s or 500Mbit/s, at each host that sends them by"
              + " itself. [none]")
  private String limit = "none";

  @Option(
      names = "--priority",
      paramLabel = "PRIORITY",
      defaultValue = "normal",
      description =
          "low, normal or high: of an egress limit that is short it gets 1, 4 or 16 parts."
              + " [normal]")
  private PriorityName priority = PriorityName.normal;

  @Mixin private WatchOptions watch = new WatchOptions();
  @Mixin private OutputOption output = new OutputOption();

  @Override
  public Integer call() throws Exception {
    return MigrationOperations.migrate(
        environment(),
        options(),
        output(output.format),
        watch,
        new Plan(guest, destination, downtimeLimitMs, audit, witness, limit, priority));
  }

  /** What is to be done. */
  record Plan(
      String guest,
      String destination,
      int downtimeLimitMs,
      boolean audit,
      String witness,
      String limit,
      PriorityName priority) {}
}
