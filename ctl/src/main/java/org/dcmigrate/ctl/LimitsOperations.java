package org.dcmigrate.ctl;

import java.util.List;
import org.dcmigrate.v1.GetLimitsRequest;
import org.dcmigrate.v1.GetLimitsResponse;
import org.dcmigrate.v1.MigrationLimits;
import org.dcmigrate.v1.MigrationSending;
import org.dcmigrate.v1.SetLimitsRequest;

/** What {@code dcmctl limits} does. */
final class LimitsOperations {
  private static final List<String> HEADER =
      List.of("MIGRATION", "GUEST", "ROLE", "PRIORITY", "LIMIT", "NOW");

  private LimitsOperations() {}

  static int show(Environment environment, GlobalOptions options, Output output)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      GetLimitsResponse limits =
          Session.ask(() -> session.migrations().getLimits(GetLimitsRequest.getDefaultInstance()));
      switch (output.format()) {
        case TABLE, WIDE -> {
          output.line(facts(limits).toString());
          Table table = Table.withHeader(HEADER);
          limits.getMigrationsList().forEach(each -> table.row(row(each, output.isWide())));
          output.line(table.toString().stripTrailing());
        }
        case JSON, YAML, NAME ->
            output.print(
                limits,
                Table.ofFacts(),
                limits.getMigrationsList().stream().map(MigrationSending::getMigrationId).toList());
      }
      return ExitCode.DONE;
    }
  }

  static int set(Environment environment, GlobalOptions options, LimitsCommand.Wanted wanted)
      throws CtlException {
    boolean ofMigration = wanted.rate().isPresent() || wanted.priority().isPresent();
    if (wanted.egress().isEmpty() && !ofMigration && wanted.migration().isEmpty()) {
      throw CtlException.usage(
          "nothing to set: give --egress, or --migration with --rate or --priority");
    }
    if (ofMigration && wanted.migration().isEmpty()) {
      throw CtlException.usage("--rate and --priority are of one migration: name it, --migration");
    }
    if (!ofMigration && wanted.migration().isPresent()) {
      throw CtlException.usage("--migration needs --rate or --priority");
    }
    SetLimitsRequest.Builder request = SetLimitsRequest.newBuilder();
    MigrationLimits.Builder migration = MigrationLimits.newBuilder();
    if (wanted.egress().isPresent()) {
      request.setEgressBytesPerSecond(Units.parseRate(wanted.egress().get()));
    }
    if (wanted.rate().isPresent()) {
      migration.setMostBytesPerSecond(Units.parseRate(wanted.rate().get()));
    }
    wanted.priority().ifPresent(priority -> migration.setPriority(priority.message()));
    try (Session session = Session.open(environment, options)) {
      if (wanted.migration().isPresent()) {
        request.setMigration(
            migration.setMigrationId(MigrationLookup.id(session, wanted.migration().get())));
      }
      Session.ask(() -> session.migrations().setLimits(request.build()));
      return ExitCode.DONE;
    }
  }

  /** A rate that limits, as people read it. */
  static String limit(long bytesPerSecond) {
    return bytesPerSecond == 0 ? "none" : Units.rate(bytesPerSecond);
  }

  private static Table facts(GetLimitsResponse limits) {
    boolean asConfigured =
        limits.getEgressBytesPerSecond() == limits.getConfiguredEgressBytesPerSecond();
    return Table.ofFacts()
        .fact("egress limit", limit(limits.getEgressBytesPerSecond()))
        .fact("configured", asConfigured ? "" : limit(limits.getConfiguredEgressBytesPerSecond()))
        .fact("egress now", Units.rate(limits.getBytesPerSecond()));
  }

  private static List<String> row(MigrationSending each, boolean wide) {
    return List.of(
        wide ? each.getMigrationId() : MigrationTexts.shortId(each.getMigrationId()),
        each.getGuest(),
        each.getRole(),
        MigrationTexts.bare(each.getShare().getPriority().name(), "PRIORITY_"),
        limit(each.getShare().getMostBytesPerSecond()),
        Units.rate(each.getBytesPerSecond()));
  }
}
