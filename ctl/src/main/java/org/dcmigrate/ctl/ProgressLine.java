package org.dcmigrate.ctl;

import java.util.Locale;
import java.util.StringJoiner;
import org.dcmigrate.v1.ContributorProgress;
import org.dcmigrate.v1.Forecast;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.Progress;
import org.dcmigrate.v1.Verdict;

/** A running migration in one line. */
public final class ProgressLine {
  private static final int PAGE_BYTES = 4096;

  private ProgressLine() {}

  /**
   * State, part held, who sends how fast, what remains, pass and expected time, e.g. {@code
   * transferring to host-c 62.1 % | source 61.2 MB/s, host-b 60.8 MB/s (12034 waiting) | 194 MiB
   * left, pass 2 | dirty 1.2 MiB/s of 61 MiB/s | downtime 40 ms of 300 ms | converging, ETA 4.2 s}.
   */
  public static String of(Migration migration) {
    Progress progress = migration.getProgress();
    StringJoiner parts = new StringJoiner(" | ");
    StringBuilder head = new StringBuilder(state(migration.getState()));
    if (!migration.getDestination().isEmpty()) {
      head.append(" to ").append(migration.getDestination());
    }
    if (progress.getTotalPages() > 0) {
      head.append(
          String.format(
              Locale.ROOT, " %.1f %%", 100.0 * progress.getHeldPages() / progress.getTotalPages()));
    }
    parts.add(head);
    if (isMoving(migration.getState())) {
      parts.add(senders(progress));
      parts.add(
          "%s left, pass %d"
              .formatted(Units.bytes(remaining(progress) * PAGE_BYTES), progress.getPass()));
      if (progress.hasForecast()) {
        forecast(parts, progress);
      } else if (progress.getRemainingMs() > 0) {
        parts.add("ETA " + Units.seconds(progress.getRemainingMs()));
      }
    } else if (!migration.getExplanation().isEmpty()) {
      parts.add(migration.getExplanation());
    }
    return Table.harmless(parts.toString());
  }

  private static void forecast(StringJoiner parts, Progress progress) {
    Forecast forecast = progress.getForecast();
    if (forecast.hasDirtyBytesPerSecond()) {
      parts.add(
          "dirty %s of %s"
              .formatted(
                  Units.rate(forecast.getDirtyBytesPerSecond()),
                  Units.rate(forecast.getBandwidthBytesPerSecond())));
    }
    if (forecast.hasExpectedDowntimeMs()) {
      parts.add(
          "downtime %s of %s"
              .formatted(
                  milliseconds(forecast.getExpectedDowntimeMs()),
                  milliseconds(progress.getDowntimeLimitMs())));
    }
    parts.add(verdict(forecast) + eta(forecast.getVerdict(), progress.getRemainingMs()));
  }

  /** The time left; while the dirty rate is not known, it is the least. */
  private static String eta(Verdict verdict, long remainingMs) {
    return switch (verdict) {
      case VERDICT_STALLED -> "";
      case VERDICT_NOT_CONVERGING -> ", no ETA";
      case VERDICT_MEASURING ->
          remainingMs == 0 ? "" : ", ETA at least " + Units.seconds(remainingMs);
      default -> remainingMs == 0 ? "" : ", ETA " + Units.seconds(remainingMs);
    };
  }

  private static String milliseconds(long ms) {
    return ms < 10_000 ? ms + " ms" : Units.seconds(ms);
  }

  /** A verdict as people read it, e.g. "NOT CONVERGING"; in capitals where something is wrong. */
  static String verdict(Forecast forecast) {
    String text = MigrationTexts.bare(forecast.getVerdict().name(), "VERDICT_");
    return forecast.getReason().isEmpty() ? text : text.toUpperCase(Locale.ROOT);
  }

  /** A state as people read it, e.g. "switching over". */
  static String state(MigrationState state) {
    return MigrationTexts.bare(state.name(), "MIGRATION_STATE_");
  }

  private static boolean isMoving(MigrationState state) {
    return switch (state) {
      case MIGRATION_STATE_TRANSFERRING,
          MIGRATION_STATE_REDIRECTING,
          MIGRATION_STATE_SWITCHING_OVER ->
          true;
      default -> false;
    };
  }

  /** The rate of contributors is known as a sum; it is split by who still relays. */
  private static String senders(Progress progress) {
    StringJoiner senders = new StringJoiner(", ");
    senders.add("source " + Units.rate(progress.getSourceBytesPerSecond()));
    long relaying = progress.getContributorsList().stream().filter(ProgressLine::relays).count();
    for (ContributorProgress each : progress.getContributorsList()) {
      if (!relays(each)) {
        senders.add(each.getName() + " " + each.getState());
      } else if (relaying == 1) {
        senders.add(
            "%s %s (%d waiting)"
                .formatted(
                    each.getName(),
                    Units.rate(progress.getContributorBytesPerSecond()),
                    each.getWaitingPages()));
      } else {
        senders.add(
            "%s %s so far (%d waiting)"
                .formatted(
                    each.getName(), Units.bytes(each.getPayloadBytes()), each.getWaitingPages()));
      }
    }
    if (relaying > 1) {
      senders.add("together " + Units.rate(progress.getContributorBytesPerSecond()));
    }
    return senders.toString();
  }

  private static boolean relays(ContributorProgress contributor) {
    return contributor.getState().equals("relaying");
  }

  private static long remaining(Progress progress) {
    return progress.getRemainingPages() + progress.getRelayingPages();
  }
}
