package org.dcmigrate.peer.source;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
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
  private long totalPages;
  private double leftPages;
  private OptionalLong dirtyPagesPerSecond = OptionalLong.empty();
  private boolean guestTells;
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

  /** The guest is to give all its memory, from the first page on. */
  synchronized void begins(long pages) {
    totalPages = pages;
    leftPages = pages;
  }

  synchronized void beginsAnew() {
    leftPages = totalPages;
  }

  synchronized void read(long pages) {
    leftPages = Math.max(0, leftPages - pages);
  }

  /** What the guest says of its writing; until it says something, passes are compared. */
  synchronized void wrote(OptionalLong perSecond, long tookNs) {
    if (perSecond.isPresent()) {
      guestTells = true;
      dirtyPagesPerSecond = perSecond;
    }
    double more = dirtyPagesPerSecond.orElse(0) * (tookNs / 1e9);
    leftPages = Math.min((double) totalPages, leftPages + more);
  }

  synchronized void passEnded(int endedPass, long dirtyPages) {
    long now = System.nanoTime();
    long elapsed = Math.max(1, now - passStartedNs);
    if (!guestTells) {
      dirtyPagesPerSecond = OptionalLong.of((long) (dirtyPages * 1e9 / elapsed));
    }
    // A guest that does not say how many there are says none.
    if (dirtyPages > 0 || !guestTells) {
      leftPages = dirtyPages;
    }
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

  /** Pages that the guest has still to give, with what it has written since it gave them. */
  synchronized long leftPages() {
    return Math.round(leftPages);
  }

  /** Clean pages that the guest makes dirty; empty: not known yet. */
  synchronized OptionalLong dirtyPagesPerSecond() {
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
