package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.SourceStep.of;

import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.SourceInput.CancelAsked;
import org.dcmigrate.protocol.machine.SourceInput.ContributorDrained;
import org.dcmigrate.protocol.machine.SourceInput.ContributorLost;
import org.dcmigrate.protocol.machine.SourceInput.DestinationLost;
import org.dcmigrate.protocol.machine.SourceInput.Detached;
import org.dcmigrate.protocol.machine.SourceInput.GuestFailed;
import org.dcmigrate.protocol.machine.SourceInput.GuestStopped;
import org.dcmigrate.protocol.machine.SourceInput.MetadataAccepted;
import org.dcmigrate.protocol.machine.SourceInput.OpenAccepted;
import org.dcmigrate.protocol.machine.SourceInput.OpenRefused;
import org.dcmigrate.protocol.machine.SourceInput.Reconciled;
import org.dcmigrate.protocol.machine.SourceInput.RedirectAsked;
import org.dcmigrate.protocol.machine.SourceState.Asked;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Opening;
import org.dcmigrate.protocol.machine.SourceState.Reconciling;
import org.dcmigrate.protocol.machine.SourceState.Redirecting;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.Transferring;

/** The source's states in which pages flow and the guest runs. */
final class SourceTransfer {
  private SourceTransfer() {}

  static SourceStep transferring(Transferring state, SourceInput input, long nowNs) {
    return switch (input) {
      case Detached detached
          when detached.epoch() == state.epoch()
              && state.contributors().get(detached.peer()) == ContributorPhase.DETACHING ->
          startWhenDetached(state.with(detached.peer(), ContributorPhase.RELAYING));
      case ContributorDrained drained
          when drained.epoch() == state.epoch()
              && state.contributors().get(drained.peer()) == ContributorPhase.RELAYING -> {
        Transferring next = state.with(drained.peer(), ContributorPhase.DRAINED);
        yield next.anyActive() ? of(next) : reconcile(next);
      }
      case ContributorLost lost when lost.epoch() == state.epoch() -> contributorLost(state, lost);
      case Reconciled reconciled
          when reconciled.epoch() == state.epoch() && state.reconciling() != Reconciling.IDLE ->
          reconciled(state);
      case DestinationLost lost when lost.epoch() == state.epoch() ->
          of(
              SourceSteps.park(state.course(), lost.failure(), nowNs),
              new SourceOutput.HoldBack(),
              new SourceOutput.StopSending(state.epoch()));
      case GuestStopped stopped when stopped.epoch() == state.epoch() && state.settled() ->
          SourceSwitchover.begin(state);
      // It stopped for an earlier epoch. Running on takes back the leave to stop, too.
      case GuestStopped stopped when state.settled() ->
          of(state, new SourceOutput.ResumeGuest(), new SourceOutput.LetStop());
      case GuestStopped stopped -> of(state, new SourceOutput.ResumeGuest());
      case RedirectAsked asked -> redirect(state, asked.to());
      case CancelAsked asked ->
          SourceSteps.cancel(state.course()).after(new SourceOutput.StopSending(state.epoch()));
      case GuestFailed failed ->
          SourceSteps.end(state.course(), new Result.Failed(failed.failure()))
              .after(new SourceOutput.StopSending(state.epoch()));
      default ->
          SourceWitness.step(state.course(), state.epoch(), state.to(), input)
              .map(change -> change.in(state::with))
              .orElse(of(state));
    };
  }

  static SourceStep startWhenDetached(Transferring state) {
    if (!state.contributorsIn(ContributorPhase.DETACHING).isEmpty()) {
      return of(state);
    }
    List<PeerId> relaying = state.contributorsIn(ContributorPhase.RELAYING);
    SourceOutput start = new SourceOutput.StartTransfer(state.epoch(), state.to(), relaying);
    return relaying.isEmpty()
        ? of(state.started(true), start, new SourceOutput.LetStop())
        : of(state.started(false), start);
  }

  private static SourceStep contributorLost(Transferring state, ContributorLost lost) {
    Optional<ContributorPhase> phase = Optional.ofNullable(state.contributors().get(lost.peer()));
    if (phase.isEmpty() || !phase.get().active()) {
      return of(state);
    }
    Transferring next = state.with(lost.peer(), ContributorPhase.LOST);
    // What it owed is sent by the source from now on, without waiting for the others to finish.
    return state.started() ? reconcile(next) : startWhenDetached(next);
  }

  private static SourceStep reconcile(Transferring state) {
    return state.reconciling() == Reconciling.IDLE
        ? of(state.with(Reconciling.ASKED), new SourceOutput.Reconcile(state.epoch()))
        : of(state.with(Reconciling.OUTDATED));
  }

  private static SourceStep reconciled(Transferring state) {
    Transferring next = state.with(Reconciling.IDLE);
    if (state.reconciling() == Reconciling.OUTDATED) {
      return reconcile(next);
    }
    return state.anyActive() ? of(next) : of(next.started(true), new SourceOutput.LetStop());
  }

  private static SourceStep redirect(Transferring state, PeerId to) {
    Optional<Failure> objection =
        SourceSteps.objection(state.course(), Optional.of(state.to()), to);
    if (objection.isPresent()) {
      return SourceSteps.refuse(state, objection.get());
    }
    Course course = state.course().opening(to);
    long epoch = course.lastEpoch();
    return of(
        new Redirecting(state.with(course), epoch, to, Asked.OPEN),
        new SourceOutput.HoldBack(),
        new SourceOutput.Persist(new SourceRecord.AttemptOpened(epoch, to, course.holdersBut(to))),
        new SourceOutput.Open(epoch, to, course.holdersBut(to)));
  }

  static SourceStep redirecting(Redirecting state, SourceInput input, long nowNs) {
    SourceOutput stopSending = new SourceOutput.StopSending(state.current().epoch());
    return switch (input) {
      case OpenAccepted accepted
          when accepted.epoch() == state.epoch() && state.asked() == Asked.OPEN ->
          of(
              new Redirecting(state.current(), state.epoch(), state.to(), Asked.METADATA),
              new SourceOutput.SendMetadata(state.epoch(), state.to()));
      case MetadataAccepted accepted
          when accepted.epoch() == state.epoch() && state.asked() == Asked.METADATA ->
          SourceSteps.turn(state.course(), state.epoch(), state.to(), true).after(stopSending);
      case OpenRefused refused when refused.epoch() == state.epoch() ->
          stayWithCurrent(state, refused.failure());
      case DestinationLost lost when lost.epoch() == state.current().epoch() ->
          of(
              new Opening(
                  state.course(),
                  state.epoch(),
                  state.to(),
                  state.asked(),
                  true,
                  Optional.of(SourceSteps.park(state.course(), lost.failure(), nowNs))),
              stopSending);
      case RedirectAsked asked ->
          SourceSteps.refuse(state, SourceSteps.redirectUnderWay(state.to()));
      case CancelAsked asked ->
          SourceSteps.cancel(state.course())
              .after(
                  new SourceOutput.RedirectFailed(SourceSteps.cancelledMeanwhile()), stopSending);
      case GuestFailed failed ->
          SourceSteps.end(state.course(), new Result.Failed(failed.failure()))
              .after(new SourceOutput.RedirectFailed(failed.failure()), stopSending);
      // The operator wants to leave this destination: the guest does not switch over to it.
      case GuestStopped stopped -> of(state, new SourceOutput.ResumeGuest());
      default -> {
        SourceStep inner = transferring(state.current(), input, nowNs);
        yield inner.next() instanceof Transferring current
            ? new SourceStep(
                new Redirecting(current, state.epoch(), state.to(), state.asked()),
                inner.outputs().stream()
                    .filter(output -> !(output instanceof SourceOutput.LetStop))
                    .toList())
            : inner;
      }
    };
  }

  private static SourceStep stayWithCurrent(Redirecting state, Failure failure) {
    Transferring next = state.current().with(state.course().without(state.to()));
    SourceStep stay;
    if (next.contributors().containsKey(state.to())) {
      // It was relaying; being asked to become the destination ended that.
      next = next.with(state.to(), ContributorPhase.LOST);
      stay = next.started() ? reconcile(next.started(false)) : startWhenDetached(next);
    } else {
      stay = next.settled() ? of(next, new SourceOutput.LetStop()) : of(next);
    }
    return stay.after(
        new SourceOutput.RedirectFailed(failure),
        new SourceOutput.Abort(state.epoch(), state.to()));
  }
}
