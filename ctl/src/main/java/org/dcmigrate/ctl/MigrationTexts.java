package org.dcmigrate.ctl;

import com.google.protobuf.util.Timestamps;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.Progress;

/** Parts of migrations and guests as people read them. */
final class MigrationTexts {
  private static final int SHORT_ID = 8;

  private MigrationTexts() {}

  /** The first characters of an id; enough to name it on the command line as a rule. */
  static String shortId(String id) {
    return id.substring(0, Math.min(SHORT_ID, id.length()));
  }

  /** A value of a protocol's enumeration, e.g. "running" for GUEST_STATE_RUNNING. */
  static String bare(String name, String prefix) {
    return name.replace(prefix, "").toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  static List<String> header(boolean wide) {
    List<String> header =
        new ArrayList<>(
            List.of("MIGRATION", "GUEST", "STATE", "FROM", "TO", "HELD", "OWNER", "STARTED"));
    if (wide) {
      header.addAll(List.of("EPOCH", "PASS", "CONTRIBUTORS", "EXPLANATION"));
    }
    return header;
  }

  static List<String> row(Migration migration, boolean wide, long nowMs) {
    List<String> cells =
        new ArrayList<>(
            List.of(
                wide ? migration.getMigrationId() : shortId(migration.getMigrationId()),
                migration.getGuest(),
                ProgressLine.state(migration.getState()),
                migration.getSource(),
                migration.getDestination(),
                held(migration.getProgress()),
                migration.getOwner(),
                ago(nowMs - Timestamps.toMillis(migration.getStartedAt()))));
    if (wide) {
      cells.addAll(
          List.of(
              Long.toUnsignedString(migration.getEpoch()),
              Integer.toUnsignedString(migration.getProgress().getPass()),
              String.join(", ", migration.getContributorsList()),
              migration.getExplanation()));
    }
    return cells;
  }

  private static String held(Progress progress) {
    return progress.getTotalPages() == 0
        ? ""
        : String.format(
            Locale.ROOT, "%.1f %%", 100.0 * progress.getHeldPages() / progress.getTotalPages());
  }

  private static String ago(long ms) {
    Duration age = Duration.ofMillis(Math.max(0, ms));
    if (age.toMinutes() == 0) {
      return age.toSeconds() + " s ago";
    }
    if (age.toHours() == 0) {
      return age.toMinutes() + " m ago";
    }
    return age.toDays() == 0 ? age.toHours() + " h ago" : age.toDays() + " d ago";
  }
}
