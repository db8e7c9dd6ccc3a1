package org.dcmigrate.ctl.demo;

import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;

/** What the demonstration found; the names are those of the JSON object. */
record DemoResult(
    String verdict,
    String guest,
    boolean memoryIdentical,
    boolean ranTwice,
    int redirects,
    double redirectedAtFraction,
    long bytesFromSource,
    long bytesFromContributors,
    double downtimeMs,
    long totalMs,
    long afterRedirectMs,
    long cancelRestartMs,
    double speedup) {
  private static final double NS_PER_MS = 1e6;

  static DemoResult of(
      String kind, Migration end, boolean ranTwice, String complaint, int asked, long restartMs) {
    boolean identical = end.getOutcome().getAudit() == Audit.AUDIT_IDENTICAL;
    long afterMs = (long) (end.getOutcome().getAfterRedirectNs() / NS_PER_MS);
    return new DemoResult(
        verdict(end, identical, ranTwice, complaint, asked),
        kind,
        identical,
        ranTwice,
        end.getOutcome().getRedirects(),
        end.getOutcome().getRedirectedAtFraction(),
        end.getProgress().getSourceBytes(),
        end.getProgress().getContributorBytes(),
        end.getOutcome().getDowntimeNs() / NS_PER_MS,
        (long) (end.getOutcome().getTotalNs() / NS_PER_MS),
        afterMs,
        restartMs,
        afterMs == 0 ? 0 : (double) restartMs / afterMs);
  }

  private static String verdict(
      Migration end, boolean identical, boolean ranTwice, String complaint, int asked) {
    if (end.getState() != MigrationState.MIGRATION_STATE_COMPLETED) {
      return "the migration did not complete: " + end.getExplanation();
    }
    if (!identical) {
      return "memory differs between source and destination";
    }
    if (ranTwice) {
      return "two peers ran the guest at one time";
    }
    if (end.getOutcome().getRedirects() != asked) {
      return "not all redirects took place";
    }
    return complaint.isEmpty() ? "ok" : complaint;
  }

  boolean ok() {
    return verdict.equals("ok");
  }
}
