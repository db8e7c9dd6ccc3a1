package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.SourceStep.of;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.SourceInput.CancelAsked;
import org.dcmigrate.protocol.machine.SourceInput.GuestFailed;
import org.dcmigrate.protocol.machine.SourceInput.GuestStopped;
import org.dcmigrate.protocol.machine.SourceInput.MetadataAccepted;
import org.dcmigrate.protocol.machine.SourceInput.OpenAccepted;
import org.dcmigrate.protocol.machine.SourceInput.OpenRefused;
import org.dcmigrate.protocol.machine.SourceInput.RedirectAsked;
import org.dcmigrate.protocol.machine.SourceInput.ResolveAsked;
import org.dcmigrate.protocol.machine.SourceInput.Tick;
import org.dcmigrate.protocol.machine.SourceState.Asked;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.Grant;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.Opening;
import org.dcmigrate.protocol.machine.SourceState.Parked;
import org.dcmigrate.protocol.machine.SourceState.Redirecting;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.SourceState.Transferring;
import org.dcmigrate.protocol.machine.SourceState.Witnesses;

/**
 * The source's role as a pure function: state, input and time give the next state and what to do.
 *
 * <p>The caller's duties: (1) carry out the outputs in their order, each {@code Persist} durable
 * before the next; (2) feed the answers back as inputs with the epoch of the question; (3) feed a
 * {@code Tick} at least twice a second; (4) one input at a time; (5) every question gets an answer:
 * where none comes in time, the one that says so.
 *
 * <p>Here are the states without a destination and the way in; {@link SourceTransfer} has the
 * states in which pages flow, {@link SourceSwitchover} those in which the guest stands still, and
 * {@link SourceDecision} those after the grant. An {@code Ask} to the source's own acceptor is
 * answered, and on disk, before the next output is carried out.
 */
public final class SourceMachine {
  private SourceMachine() {}

  /** Begins a migration to its first destination. */
  public static SourceStep start(PeerId self, PeerId to, Optional<PeerId> witness, long parkedNs) {
    Witnesses witnesses = new Witnesses(witness, List.of(), false, Set.of());
    return SourceSteps.open(
        new Course(self, 0, Set.of(), witnesses, parkedNs), to, false, Optional.empty());
  }

  /**
   * Takes a migration up again from its journal after a restart. Before the grant the guest is the
   * source's: it runs on, whatever was under way, and the migration ends. After the grant, what is
   * decided counts.
   *
   * @param guestLost whether the guest that stood still is gone
   */
  public static SourceStep recover(
      PeerId self, List<SourceRecord> journal, boolean guestLost, long nowNs) {
    Witnesses witnesses = new Witnesses(Optional.empty(), List.of(), false, Set.of());
    Course course = new Course(self, 0, Set.of(), witnesses, 0);
    Optional<Grant> granted = Optional.empty();
    Optional<Choice> decided = Optional.empty();
    for (SourceRecord record : journal) {
      switch (record) {
        case SourceRecord.AttemptOpened attempt -> {
          Set<PeerId> holders = new LinkedHashSet<>(attempt.holders());
          holders.add(attempt.to());
          course = new Course(self, attempt.epoch(), holders, course.witnesses(), 0);
        }
        case SourceRecord.WitnessAsked asked ->
            course = course.with(course.witnesses().asking(asked.peer()));
        case SourceRecord.Granted grant ->
            granted =
                Optional.of(
                    new Grant(grant.epoch(), grant.to(), grant.memoryDigest(), grant.witness()));
        case SourceRecord.Decided decision -> decided = Optional.of(decision.choice());
        case SourceRecord.Ended ended -> {
          return of(new Ended(course, ended.result()));
        }
      }
    }
    Failure why = new Failure(Reason.SOURCE_RESTARTED, "the source peer was restarted");
    if (granted.isEmpty() || decided.equals(Optional.of(Choice.SOURCE))) {
      return SourceSteps.takeBack(course, why);
    }
    return decided.isPresent()
        ? SourceSteps.complete(course, granted.get().to())
        : SourceDecision.recover(course, granted.get(), guestLost, nowNs);
  }

  /** The step for one input at one time. */
  public static SourceStep step(SourceState state, SourceInput input, long nowNs) {
    if (input instanceof ResolveAsked && !isGranted(state)) {
      return SourceSteps.refuse(state, SourceSteps.notInDoubt());
    }
    return switch (state) {
      case Opening opening -> opening(opening, input, nowNs);
      case Transferring transferring -> SourceTransfer.transferring(transferring, input, nowNs);
      case Redirecting redirecting -> SourceTransfer.redirecting(redirecting, input, nowNs);
      case Parked parked -> parked(parked, input, nowNs);
      case SwitchingOver switching -> SourceSwitchover.switchingOver(switching, input, nowNs);
      case Committing committing -> SourceDecision.committing(committing, input, nowNs);
      case InDoubt inDoubt -> SourceDecision.inDoubt(inDoubt, input, nowNs);
      case Committed committed -> SourceDecision.committed(committed, input, nowNs);
      case Ended ended -> ended(ended, input);
    };
  }

  private static boolean isGranted(SourceState state) {
    return state instanceof Committing
        || state instanceof InDoubt
        || state instanceof Committed
        || state instanceof Ended;
  }

  private static SourceStep opening(Opening state, SourceInput input, long nowNs) {
    return switch (input) {
      case OpenAccepted accepted
          when accepted.epoch() == state.epoch() && state.asked() == Asked.OPEN ->
          of(
              new Opening(
                  state.course(),
                  state.epoch(),
                  state.to(),
                  Asked.METADATA,
                  state.redirect(),
                  state.parkedBefore()),
              new SourceOutput.SendMetadata(state.epoch(), state.to()));
      case MetadataAccepted accepted
          when accepted.epoch() == state.epoch() && state.asked() == Asked.METADATA ->
          SourceSteps.turn(state.course(), state.epoch(), state.to(), state.redirect());
      case OpenRefused refused when refused.epoch() == state.epoch() -> notOpened(state, refused);
      case RedirectAsked asked when state.redirect() ->
          SourceSteps.refuse(state, SourceSteps.redirectUnderWay(state.to()));
      case RedirectAsked asked -> redirectFirst(state, asked.to(), nowNs);
      case CancelAsked asked ->
          failRedirect(state, SourceSteps.cancel(state.course()), SourceSteps.cancelledMeanwhile());
      case GuestFailed failed ->
          failRedirect(
              state,
              SourceSteps.end(state.course(), new Result.Failed(failed.failure())),
              failed.failure());
      case GuestStopped stopped -> of(state, new SourceOutput.ResumeGuest());
      default -> of(state);
    };
  }

  private static SourceStep redirectFirst(Opening state, PeerId to, long nowNs) {
    Optional<Failure> objection =
        SourceSteps.objection(state.course(), Optional.of(state.to()), to);
    if (objection.isPresent()) {
      return SourceSteps.refuse(state, objection.get());
    }
    Course course = state.course().without(state.to());
    Failure why =
        new Failure(
            Reason.STATE_CONFLICT, "the first destination was given up for a redirect that failed");
    return SourceSteps.open(course, to, true, Optional.of(SourceSteps.park(course, why, nowNs)))
        .then(new SourceOutput.Abort(state.epoch(), state.to()));
  }

  private static SourceStep notOpened(Opening state, OpenRefused refused) {
    SourceStep next =
        state.parkedBefore().isEmpty()
            ? SourceSteps.end(state.course(), new Result.Failed(refused.failure()))
            : of(
                new Parked(
                    state.course().without(state.to()),
                    state.parkedBefore().get().why(),
                    state.parkedBefore().get().deadlineNs()),
                new SourceOutput.Abort(state.epoch(), state.to()));
    return failRedirect(state, next, refused.failure());
  }

  private static SourceStep failRedirect(Opening state, SourceStep step, Failure failure) {
    return state.redirect() ? step.after(new SourceOutput.RedirectFailed(failure)) : step;
  }

  private static SourceStep parked(Parked state, SourceInput input, long nowNs) {
    return switch (input) {
      case RedirectAsked asked -> {
        Optional<Failure> objection =
            SourceSteps.objection(state.course(), Optional.empty(), asked.to());
        yield objection.isPresent()
            ? SourceSteps.refuse(state, objection.get())
            : SourceSteps.open(state.course(), asked.to(), true, Optional.of(state));
      }
      case CancelAsked asked -> SourceSteps.cancel(state.course());
      case GuestFailed failed ->
          SourceSteps.end(state.course(), new Result.Failed(failed.failure()));
      case GuestStopped stopped -> of(state, new SourceOutput.ResumeGuest());
      case Tick tick when nowNs - state.deadlineNs() >= 0 ->
          SourceSteps.end(state.course(), new Result.Failed(state.why()));
      default -> of(state);
    };
  }

  private static SourceStep ended(Ended state, SourceInput input) {
    return switch (input) {
      case RedirectAsked asked -> SourceSteps.refuse(state, SourceSteps.finished());
      case CancelAsked asked -> SourceSteps.refuse(state, SourceSteps.finished());
      case ResolveAsked asked -> SourceSteps.refuse(state, SourceSteps.finished());
      default -> of(state);
    };
  }
}
