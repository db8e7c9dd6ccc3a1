package org.dcmigrate.peer.source;

import java.time.Instant;
import java.util.Optional;
import org.dcmigrate.peer.source.MigrationView.Audit;
import org.dcmigrate.peer.source.MigrationView.Outcome;
import org.dcmigrate.peer.source.MigrationView.Progress;

/** When things happened in a migration, and what was counted on the way. */
final class Course {
  private final ProgressMeter meter = new ProgressMeter();
  private final Instant startedAt = Instant.now();
  private final long startedNs = System.nanoTime();
  private final boolean auditAsked;

  private Optional<Instant> endedAt = Optional.empty();
  private Optional<Progress> lastProgress = Optional.empty();
  private Optional<String> remark = Optional.empty();
  private Audit audit;
  private int pass = 1;
  private long passDirtyPages;
  private long dirtyPagesPerSecond;
  private long passStartedNs = startedNs;
  private int redirects;
  private long redirectAskedNs;
  private double redirectedAtFraction;
  private long stoppedNs;
  private long prepareSentNs;
  private long preparedNs;
  private long runningNs;
  private long memoryDigest;

  Course(boolean auditAsked) {
    this.auditAsked = auditAsked;
    this.audit = auditAsked ? Audit.PENDING : Audit.NOT_ASKED;
  }

  ProgressMeter meter() {
    return meter;
  }

  boolean auditAsked() {
    return auditAsked;
  }

  synchronized void passEnded(int endedPass, long dirtyPages) {
    long now = System.nanoTime();
    long elapsed = Math.max(1, now - passStartedNs);
    dirtyPagesPerSecond = (long) (dirtyPages * 1e9 / elapsed);
    passDirtyPages = dirtyPages;
    passStartedNs = now;
    pass = endedPass + 1;
  }

  synchronized void redirectAsked() {
    redirectAskedNs = System.nanoTime();
  }

  synchronized void redirected() {
    redirects++;
  }

  /** The transfer to the present destination was planned; so much need not be sent again. */
  synchronized void turnedAt(double fraction) {
    redirectedAtFraction = redirects > 0 ? fraction : 0;
  }

  synchronized void stopped(long atNs) {
    stoppedNs = atNs;
  }

  synchronized void prepareSent() {
    prepareSentNs = System.nanoTime();
  }

  synchronized void prepared(long digest) {
    preparedNs = System.nanoTime();
    memoryDigest = digest;
  }

  synchronized void running() {
    runningNs = System.nanoTime();
  }

  synchronized void audited(boolean identical) {
    audit = identical ? Audit.IDENTICAL : Audit.DIFFERENT;
  }

  synchronized void explain(String sentence) {
    remark = Optional.of(sentence);
  }

  /** The migration has ended; these are the last counters. */
  synchronized void end(Progress progress) {
    lastProgress = Optional.of(progress);
    endedAt = Optional.of(Instant.now());
    if (audit == Audit.PENDING) {
      audit = Audit.NOT_ASKED;
    }
  }

  synchronized Optional<Progress> lastProgress() {
    return lastProgress;
  }

  synchronized Optional<String> remark() {
    return remark;
  }

  synchronized int pass() {
    return pass;
  }

  synchronized long passDirtyPages() {
    return passDirtyPages;
  }

  synchronized long dirtyPagesPerSecond() {
    return dirtyPagesPerSecond;
  }

  Instant startedAt() {
    return startedAt;
  }

  synchronized Optional<Instant> endedAt() {
    return endedAt;
  }

  synchronized Outcome outcome() {
    boolean completed = runningNs != 0;
    return new Outcome(
        completed ? runningNs - stoppedNs : 0,
        completed ? prepareSentNs - stoppedNs : 0,
        completed ? preparedNs - prepareSentNs : 0,
        completed ? runningNs - preparedNs : 0,
        completed ? runningNs - startedNs : 0,
        completed && redirects > 0 ? runningNs - redirectAskedNs : 0,
        redirectedAtFraction,
        redirects,
        memoryDigest,
        audit);
  }
}
