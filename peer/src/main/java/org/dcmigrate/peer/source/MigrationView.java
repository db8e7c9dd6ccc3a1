package org.dcmigrate.peer.source;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.forecast.Forecast;
import org.dcmigrate.protocol.machine.SourceState;

/** A migration at one moment, for those who look at it. */
public record MigrationView(
    MigrationId migration,
    String guest,
    SourceState state,
    PeerId source,
    long epoch,
    Optional<PeerId> destination,
    Optional<PeerId> witness,
    List<ContributorView> contributors,
    Optional<PeerId> owner,
    String explanation,
    Optional<Failure> failure,
    Progress progress,
    Outcome outcome,
    Instant startedAt,
    Optional<Instant> endedAt) {

  /** What a contributor does. Pages and bytes of this epoch. */
  public record ContributorView(
      PeerId peer, String state, long waitingPages, long relayedPages, long payloadBytes) {}

  /** Counters, see {@code Progress} in migration.proto. */
  public record Progress(
      long totalPages,
      long heldPages,
      long relayingPages,
      long remainingPages,
      int pass,
      long sourceBytes,
      long contributorBytes,
      long duplicateBytes,
      long sourceBytesPerSecond,
      long contributorBytesPerSecond,
      long dirtyPagesPerSecond,
      long remainingMs,
      long downtimeLimitMs,
      Optional<Prospect> prospect,
      long sourceSavedBytes) {}

  /** How it goes; there while pages are to flow. */
  public record Prospect(Forecast forecast, String reason, List<Advice> advice) {
    public Prospect {
      advice = List.copyOf(advice);
    }
  }

  /** What the audit found. */
  public enum Audit {
    NOT_ASKED,
    PENDING,
    IDENTICAL,
    DIFFERENT
  }

  /** How it went. Times in nanoseconds; 0 where it did not come to it. */
  public record Outcome(
      long downtimeNs,
      long finalPagesNs,
      long prepareNs,
      long commitNs,
      long totalNs,
      long afterRedirectNs,
      double redirectedAtFraction,
      int redirects,
      long memoryDigest,
      Audit audit) {}

  /** Whether nothing will change any more. */
  public boolean ended() {
    return endedAt.isPresent();
  }
}
