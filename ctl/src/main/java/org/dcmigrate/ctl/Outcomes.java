package org.dcmigrate.ctl;

import java.util.Locale;
import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.ContributorProgress;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.Outcome;
import org.dcmigrate.v1.Progress;

/** What a migration came to: a summary for people, and the exit code for scripts. */
public final class Outcomes {
  private Outcomes() {}

  /** Several lines, each ended by a line feed; of a running migration what is known so far. */
  public static String summary(Migration migration) {
    return table(migration).toString();
  }

  static Table table(Migration migration) {
    Outcome outcome = migration.getOutcome();
    Table table = Table.ofFacts();
    table.fact("migration", migration.getMigrationId());
    table.fact("guest", migration.getGuest());
    table.fact("state", ProgressLine.state(migration.getState()));
    if (!migration.getExplanation().isEmpty()) {
      table.fact("explanation", migration.getExplanation());
    }
    if (!migration.getFailureReason().isEmpty()) {
      table.fact("reason", migration.getFailureReason());
    }
    table.fact("owner", owner(migration));
    table.fact("path", path(migration));
    if (!migration.getWitness().isEmpty()) {
      table.fact("witness", migration.getWitness());
    }
    if (outcome.getDowntimeNs() > 0) {
      table.fact(
          "downtime",
          "%s (last pages %s, prepare %s, commit and resume %s)"
              .formatted(
                  Units.nanos(outcome.getDowntimeNs()),
                  Units.nanos(outcome.getFinalPagesNs()),
                  Units.nanos(outcome.getPrepareNs()),
                  Units.nanos(outcome.getCommitNs())));
    }
    bytes(table, migration.getSource(), migration.getProgress());
    if (outcome.getTotalNs() > 0) {
      table.fact("total time", Units.nanos(outcome.getTotalNs()));
    }
    if (outcome.getRedirects() > 0) {
      table.fact("redirects", redirects(outcome));
    }
    if (outcome.getAfterRedirectNs() > 0) {
      table.fact("after redirect", Units.nanos(outcome.getAfterRedirectNs()));
    }
    table.fact("audit", audit(outcome.getAudit()));
    return table;
  }

  /** How a command ends that waited for the migration's end. */
  public static int exitCode(Migration migration) {
    return switch (migration.getState()) {
      case MIGRATION_STATE_COMPLETED ->
          migration.getOutcome().getAudit() == Audit.AUDIT_DIFFERENT
              ? ExitCode.INTERNAL
              : ExitCode.DONE;
      case MIGRATION_STATE_CANCELLED -> ExitCode.MIGRATION_FAILED;
      case MIGRATION_STATE_FAILED ->
          migration.getOwner().equals(migration.getSource())
              ? ExitCode.MIGRATION_FAILED
              : ExitCode.IN_DOUBT;
      case MIGRATION_STATE_IN_DOUBT, MIGRATION_STATE_COMMITTED -> ExitCode.IN_DOUBT;
      default -> ExitCode.WAIT_TIMED_OUT;
    };
  }

  /** Who may run the guest. */
  static String owner(Migration migration) {
    return migration.getOwner().isEmpty() ? "in doubt" : migration.getOwner();
  }

  /** Why a migration did not do what was asked, and where the guest is. */
  static String complaint(Migration migration) {
    String where =
        migration.getOwner().isEmpty()
            ? "the ownership of the guest is in doubt"
            : "the guest is at " + migration.getOwner();
    if (migration.getState() == MigrationState.MIGRATION_STATE_COMPLETED) {
      return "the audit found pages that differ; " + where;
    }
    String reason =
        migration.getFailureReason().isEmpty() ? "" : " (" + migration.getFailureReason() + ")";
    return Table.harmless(
        "migration %s%s: %s; %s"
            .formatted(
                ProgressLine.state(migration.getState()),
                reason,
                migration.getExplanation(),
                where));
  }

  private static String path(Migration migration) {
    StringBuilder path = new StringBuilder(migration.getSource()).append(" to ");
    path.append(migration.getDestination().isEmpty() ? "(none)" : migration.getDestination());
    if (!migration.getContributorsList().isEmpty()) {
      path.append(", relayed by ").append(String.join(", ", migration.getContributorsList()));
    }
    return path.toString();
  }

  private static String redirects(Outcome outcome) {
    return outcome.getRedirectedAtFraction() > 0
        ? String.format(
            Locale.ROOT,
            "%d, the last with %.1f %% of the pages held somewhere",
            outcome.getRedirects(),
            100 * outcome.getRedirectedAtFraction())
        : Integer.toString(outcome.getRedirects());
  }

  private static void bytes(Table table, String source, Progress progress) {
    StringBuilder text = new StringBuilder();
    text.append(source).append(' ').append(Units.bytes(progress.getSourceBytes()));
    for (ContributorProgress each : progress.getContributorsList()) {
      text.append(", ").append(each.getName()).append(' ');
      text.append(Units.bytes(each.getPayloadBytes()));
    }
    if (progress.getContributorBytes() > 0) {
      text.append("; contributors in all epochs ");
      text.append(Units.bytes(progress.getContributorBytes()));
    }
    if (progress.getDuplicateBytes() > 0) {
      text.append("; received twice ").append(Units.bytes(progress.getDuplicateBytes()));
    }
    if (progress.getSourceSavedBytes() > 0) {
      text.append("; compression saved the source ");
      text.append(Units.bytes(progress.getSourceSavedBytes()));
    }
    table.fact("bytes sent", text.toString());
  }

  private static String audit(Audit audit) {
    return switch (audit) {
      case AUDIT_PENDING -> "not done yet";
      case AUDIT_IDENTICAL -> "every page is identical";
      case AUDIT_DIFFERENT -> "AT LEAST ONE PAGE DIFFERS";
      case AUDIT_UNSPECIFIED, UNRECOGNIZED -> "none";
    };
  }
}
