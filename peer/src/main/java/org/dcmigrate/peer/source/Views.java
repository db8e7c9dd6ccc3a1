package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.source.MigrationView.ContributorView;
import org.dcmigrate.peer.source.MigrationView.Progress;
import org.dcmigrate.peer.source.MigrationView.Prospect;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.Transferring;

/** Puts together what operators see of a migration. */
final class Views {
  private Views() {}

  static MigrationView of(
      MigrationId migration,
      String guest,
      SourceState state,
      SourceContext context,
      Course course,
      Optional<SourcePages> pages,
      HolderWatch watch,
      Outlook outlook,
      Optional<Advice.About> about) {
    PeerId self = context.peers().self().id();
    Optional<PeerId> destination = destination(state);
    return new MigrationView(
        migration,
        guest,
        state,
        self,
        state.course().lastEpoch(),
        destination,
        state.course().witnesses().witness(),
        contributors(state, watch),
        owner(state, self),
        course.remark().orElseGet(() -> explanation(state, context.peers())),
        failure(state),
        course
            .lastProgress()
            .orElseGet(
                () ->
                    progress(
                        course,
                        pages,
                        watch,
                        destination,
                        outlook,
                        prospect(outlook, destination, context.peers(), watch, about))),
        course.outcome(),
        course.startedAt(),
        state instanceof SourceState.Ended ? course.endedAt() : Optional.empty());
  }

  static Optional<PeerId> destination(SourceState state) {
    return switch (state) {
      case SourceState.Opening opening -> Optional.of(opening.to());
      case Transferring transferring -> Optional.of(transferring.to());
      case SourceState.Redirecting redirecting -> Optional.of(redirecting.current().to());
      case SourceState.Parked parked -> Optional.empty();
      case SourceState.SwitchingOver switching -> Optional.of(switching.to());
      case SourceState.Committing committing -> Optional.of(committing.grant().to());
      case SourceState.InDoubt inDoubt -> Optional.of(inDoubt.grant().to());
      case SourceState.Committed committed -> Optional.of(committed.grant().to());
      case SourceState.Ended ended ->
          ended.result() instanceof Result.Completed completed
              ? Optional.of(completed.owner())
              : Optional.empty();
    };
  }

  private static Optional<PeerId> owner(SourceState state, PeerId self) {
    return switch (state) {
      case SourceState.Committing committing -> Optional.empty();
      case SourceState.InDoubt inDoubt -> Optional.empty();
      case SourceState.Committed committed -> Optional.of(committed.grant().to());
      case SourceState.Ended ended ->
          Optional.of(
              ended.result() instanceof Result.Completed completed ? completed.owner() : self);
      default -> Optional.of(self);
    };
  }

  private static Optional<Failure> failure(SourceState state) {
    return switch (state) {
      case SourceState.Parked parked -> Optional.of(parked.why());
      case SourceState.InDoubt inDoubt -> Optional.of(inDoubt.why());
      case SourceState.Ended ended ->
          ended.result() instanceof Result.Failed failed
              ? Optional.of(failed.failure())
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  private static String explanation(SourceState state, Peers peers) {
    return switch (state) {
      case SourceState.Opening opening ->
          opening.asked() == SourceState.Asked.OPEN
              ? "asks " + peers.name(opening.to()) + " to become the destination"
              : "sends the metadata to " + peers.name(opening.to());
      case Transferring transferring when !transferring.started() ->
          "asks the old destinations what they hold";
      case Transferring transferring when !transferring.settled() ->
          "sends pages to " + peers.name(transferring.to()) + " together with the contributors";
      case Transferring transferring -> "sends pages to " + peers.name(transferring.to());
      case SourceState.Redirecting redirecting ->
          "sends pages to %s while %s is asked to become the destination"
              .formatted(peers.name(redirecting.current().to()), peers.name(redirecting.to()));
      case SourceState.Parked parked ->
          "no destination (%s); the guest runs here; redirect or cancel within %d s"
              .formatted(
                  parked.why().sentence(),
                  Math.max(
                      0, Duration.ofNanos(parked.deadlineNs() - System.nanoTime()).toSeconds()));
      case SourceState.SwitchingOver switching ->
          switch (switching.step()) {
            case PREPARE -> "waits for " + peers.name(switching.to()) + " to verify and load";
            case REPAIR -> "sends again what differs at " + peers.name(switching.to());
            case SEAL -> "gives the guest away";
          };
      case SourceState.Committing committing ->
          "waits for " + peers.name(committing.grant().to()) + " to resume the guest";
      case SourceState.InDoubt inDoubt ->
          ("the commit was sent and there is no answer (%s), nor a majority to decide; the guest"
                  + " stands still here until %s is back; or make sure that it never"
                  + " runs the guest, and resolve")
              .formatted(inDoubt.why().sentence(), others(inDoubt.grant(), peers));
      case SourceState.Committed committed ->
          ("%s owns the guest and has not said yet that it runs; the guest stands still here; if"
                  + " %s never comes back, make sure of that, and resolve")
              .formatted(peers.name(committed.grant().to()), peers.name(committed.grant().to()));
      case SourceState.Ended ended ->
          switch (ended.result()) {
            case Result.Completed completed -> "the guest runs at " + peers.name(completed.owner());
            case Result.Cancelled cancelled -> "cancelled; the guest runs at the source";
            case Result.Failed failed ->
                failed.failure().sentence() + "; the guest runs at the source";
          };
    };
  }

  private static String others(SourceState.Grant grant, Peers peers) {
    return peers.name(grant.to())
        + grant.witness().map(witness -> " or " + peers.name(witness)).orElse("");
  }

  private static List<ContributorView> contributors(SourceState state, HolderWatch watch) {
    Map<PeerId, ContributorPhase> phases =
        switch (state) {
          case Transferring transferring -> transferring.contributors();
          case SourceState.Redirecting redirecting -> redirecting.current().contributors();
          default -> Map.of();
        };
    List<ContributorView> views = new ArrayList<>();
    phases.forEach(
        (peer, phase) -> {
          Optional<PeerClient.ContributorStatus> status = watch.contributor(peer);
          views.add(
              new ContributorView(
                  peer,
                  phase.name().toLowerCase(Locale.ROOT),
                  status.map(PeerClient.ContributorStatus::waitingPages).orElse(0L),
                  status.map(PeerClient.ContributorStatus::relayedPages).orElse(0L),
                  status.map(PeerClient.ContributorStatus::payloadBytes).orElse(0L)));
        });
    return views;
  }

  private static Optional<Prospect> prospect(
      Outlook outlook,
      Optional<PeerId> destination,
      Peers peers,
      HolderWatch watch,
      Optional<Advice.About> about) {
    if (about.isEmpty()) {
      return Optional.empty();
    }
    String name = destination.map(peers::name).orElse("the destination");
    return outlook
        .forecast()
        .map(
            forecast ->
                new Prospect(
                    forecast,
                    Advice.reason(forecast, destination, peers, watch),
                    Advice.of(forecast, about.get(), name)));
  }

  /** Counters as they are now. */
  static Progress progress(
      Course course,
      Optional<SourcePages> pages,
      HolderWatch watch,
      Optional<PeerId> destination,
      Outlook outlook,
      Optional<Prospect> prospect) {
    ProgressMeter meter = course.meter();
    long total = pages.map(all -> all.geometry().totalPages()).orElse(0L);
    long remaining = pages.map(SourcePages::resendPages).orElse(0L) + course.leftPages();
    long waiting = watch.waitingPages();
    long held = destination.isPresent() ? watch.destination().heldPages() : 0;
    long duplicates =
        watch.destination().senders().stream()
            .mapToLong(PeerClient.SenderShare::duplicatePages)
            .sum();
    return new Progress(
        total,
        held,
        waiting,
        remaining,
        course.pass(),
        meter.sourceBytes(),
        meter.contributorBytes(),
        duplicates * Geometry.PAGE_BYTES,
        meter.sourceBytesPerSecond(),
        meter.contributorBytesPerSecond(),
        course.dirtyPagesPerSecond().orElse(0),
        Outlook.millis(prospect.map(one -> one.forecast().timeLeftNs().orElse(0)).orElse(0L)),
        outlook.downtimeLimit().toMillis(),
        prospect,
        meter.sourceSavedBytes());
  }
}
