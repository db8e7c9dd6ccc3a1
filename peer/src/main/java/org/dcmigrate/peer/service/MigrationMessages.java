package org.dcmigrate.peer.service;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.source.Advice;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.wire.ShareWire;
import org.dcmigrate.v1.AdviceAction;
import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.ContributorProgress;
import org.dcmigrate.v1.Forecast;
import org.dcmigrate.v1.GetLimitsResponse;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationSending;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.Outcome;
import org.dcmigrate.v1.Progress;
import org.dcmigrate.v1.Verdict;

/** Migrations as messages for operators. */
final class MigrationMessages {
  private MigrationMessages() {}

  static Migration of(MigrationView view, Peers peers) {
    Migration.Builder message =
        Migration.newBuilder()
            .setMigrationId(view.migration().toString())
            .setGuest(view.guest())
            .setState(state(view.state()))
            .setEpoch(view.epoch())
            .setSource(peers.name(view.source()))
            .setExplanation(view.explanation())
            .setProgress(progress(view, peers))
            .setOutcome(outcome(view.outcome()))
            .setStartedAt(timestamp(view.startedAt()));
    view.destination().ifPresent(peer -> message.setDestination(peers.name(peer)));
    view.witness().ifPresent(peer -> message.setWitness(peers.name(peer)));
    view.contributors().forEach(each -> message.addContributors(peers.name(each.peer())));
    view.owner().ifPresent(peer -> message.setOwner(peers.name(peer)));
    view.failure().ifPresent(failure -> message.setFailureReason(failure.reason().name()));
    view.endedAt().ifPresent(at -> message.setEndedAt(timestamp(at)));
    return message.build();
  }

  private static MigrationState state(SourceState state) {
    return switch (state) {
      case SourceState.Opening opening ->
          opening.redirect()
              ? MigrationState.MIGRATION_STATE_REDIRECTING
              : MigrationState.MIGRATION_STATE_OPENING;
      case SourceState.Transferring transferring -> MigrationState.MIGRATION_STATE_TRANSFERRING;
      case SourceState.Redirecting redirecting -> MigrationState.MIGRATION_STATE_REDIRECTING;
      case SourceState.Parked parked -> MigrationState.MIGRATION_STATE_PARKED;
      case SourceState.SwitchingOver switching -> MigrationState.MIGRATION_STATE_SWITCHING_OVER;
      case SourceState.Committing committing -> MigrationState.MIGRATION_STATE_COMMITTING;
      case SourceState.InDoubt inDoubt -> MigrationState.MIGRATION_STATE_IN_DOUBT;
      case SourceState.Committed committed -> MigrationState.MIGRATION_STATE_COMMITTED;
      case SourceState.Ended ended ->
          switch (ended.result()) {
            case SourceState.Result.Completed completed -> MigrationState.MIGRATION_STATE_COMPLETED;
            case SourceState.Result.Cancelled cancelled -> MigrationState.MIGRATION_STATE_CANCELLED;
            case SourceState.Result.Failed failed -> MigrationState.MIGRATION_STATE_FAILED;
          };
    };
  }

  static GetLimitsResponse limits(EgressLimiter.Snapshot now, long configuredBytesPerSecond) {
    GetLimitsResponse.Builder message =
        GetLimitsResponse.newBuilder()
            .setEgressBytesPerSecond(now.mostBytesPerSecond())
            .setConfiguredEgressBytesPerSecond(configuredBytesPerSecond)
            .setBytesPerSecond(now.bytesPerSecond());
    for (EgressLimiter.Sending each : now.migrations()) {
      message.addMigrations(
          MigrationSending.newBuilder()
              .setMigrationId(each.owner().migration().toString())
              .setGuest(each.owner().guest())
              .setRole(each.owner().role().name().toLowerCase(Locale.ROOT))
              .setShare(ShareWire.share(each.share()))
              .setBytesPerSecond(each.bytesPerSecond()));
    }
    return message.build();
  }

  private static Progress progress(MigrationView view, Peers peers) {
    MigrationView.Progress now = view.progress();
    Progress.Builder message =
        Progress.newBuilder()
            .setTotalPages(now.totalPages())
            .setHeldPages(now.heldPages())
            .setRelayingPages(now.relayingPages())
            .setRemainingPages(now.remainingPages())
            .setPass(now.pass())
            .setSourceBytes(now.sourceBytes())
            .setContributorBytes(now.contributorBytes())
            .setDuplicateBytes(now.duplicateBytes())
            .setSourceBytesPerSecond(now.sourceBytesPerSecond())
            .setContributorBytesPerSecond(now.contributorBytesPerSecond())
            .setDirtyPagesPerSecond(now.dirtyPagesPerSecond())
            .setRemainingMs(now.remainingMs())
            .setDowntimeLimitMs((int) now.downtimeLimitMs())
            .setSourceSavedBytes(now.sourceSavedBytes());
    now.prospect()
        .ifPresent(prospect -> message.setForecast(forecast(prospect, view.destination(), peers)));
    for (MigrationView.ContributorView each : view.contributors()) {
      message.addContributors(
          ContributorProgress.newBuilder()
              .setName(peers.name(each.peer()))
              .setState(each.state())
              .setWaitingPages(each.waitingPages())
              .setRelayedPages(each.relayedPages())
              .setPayloadBytes(each.payloadBytes()));
    }
    return message.build();
  }

  private static Forecast forecast(
      MigrationView.Prospect prospect, Optional<PeerId> destination, Peers peers) {
    var now = prospect.forecast();
    Forecast.Builder message =
        Forecast.newBuilder()
            .setVerdict(verdict(now.verdict()))
            .setReason(prospect.reason())
            .setBandwidthBytesPerSecond(now.bandwidth());
    now.dirtyRate().ifPresent(message::setDirtyBytesPerSecond);
    now.expectedDowntimeNs()
        .ifPresent(ns -> message.setExpectedDowntimeMs(TimeUnit.NANOSECONDS.toMillis(ns)));
    now.sufficientLimitMs().ifPresent(ms -> message.setSufficientDowntimeLimitMs((int) ms));
    now.stall()
        .ifPresent(
            stall -> {
              stall
                  .contributor()
                  .or(() -> destination)
                  .ifPresent(peer -> message.setStalledPeer(peers.name(peer)));
              message.setStalledMs(TimeUnit.NANOSECONDS.toMillis(stall.forNs()));
            });
    for (Advice advice : prospect.advice()) {
      message.addAdvice(
          org.dcmigrate.v1.Advice.newBuilder()
              .setAction(action(advice.action()))
              .setExplanation(advice.explanation())
              .setCommand(advice.command()));
    }
    return message.build();
  }

  private static Verdict verdict(org.dcmigrate.protocol.forecast.Verdict verdict) {
    return switch (verdict) {
      case MEASURING -> Verdict.VERDICT_MEASURING;
      case CONVERGING -> Verdict.VERDICT_CONVERGING;
      case SLOW -> Verdict.VERDICT_SLOW;
      case NOT_CONVERGING -> Verdict.VERDICT_NOT_CONVERGING;
      case STALLED -> Verdict.VERDICT_STALLED;
      case WAITING_FOR_RELAY -> Verdict.VERDICT_WAITING_FOR_RELAY;
    };
  }

  private static AdviceAction action(Advice.Action action) {
    return switch (action) {
      case RAISE_DOWNTIME_LIMIT -> AdviceAction.ADVICE_ACTION_RAISE_DOWNTIME_LIMIT;
      case THROTTLE_GUEST -> AdviceAction.ADVICE_ACTION_THROTTLE_GUEST;
      case REDIRECT -> AdviceAction.ADVICE_ACTION_REDIRECT;
    };
  }

  private static Outcome outcome(MigrationView.Outcome outcome) {
    return Outcome.newBuilder()
        .setDowntimeNs(outcome.downtimeNs())
        .setFinalPagesNs(outcome.finalPagesNs())
        .setPrepareNs(outcome.prepareNs())
        .setCommitNs(outcome.commitNs())
        .setTotalNs(outcome.totalNs())
        .setAfterRedirectNs(outcome.afterRedirectNs())
        .setRedirectedAtFraction(outcome.redirectedAtFraction())
        .setRedirects(outcome.redirects())
        .setMemoryDigest(outcome.memoryDigest())
        .setAudit(
            switch (outcome.audit()) {
              case NOT_ASKED -> Audit.AUDIT_UNSPECIFIED;
              case PENDING -> Audit.AUDIT_PENDING;
              case IDENTICAL -> Audit.AUDIT_IDENTICAL;
              case DIFFERENT -> Audit.AUDIT_DIFFERENT;
            })
        .build();
  }

  private static Timestamp timestamp(Instant at) {
    return Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano()).build();
  }
}
