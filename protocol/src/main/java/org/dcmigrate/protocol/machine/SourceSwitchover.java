package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.SourceStep.of;

import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceInput.CancelAsked;
import org.dcmigrate.protocol.machine.SourceInput.DestinationLost;
import org.dcmigrate.protocol.machine.SourceInput.GuestFailed;
import org.dcmigrate.protocol.machine.SourceInput.GuestSealed;
import org.dcmigrate.protocol.machine.SourceInput.Incomplete;
import org.dcmigrate.protocol.machine.SourceInput.PrepareFailed;
import org.dcmigrate.protocol.machine.SourceInput.Prepared;
import org.dcmigrate.protocol.machine.SourceInput.RedirectAsked;
import org.dcmigrate.protocol.machine.SourceInput.Repaired;
import org.dcmigrate.protocol.machine.SourceInput.SealFailed;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Grant;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.SourceState.SwitchoverStep;
import org.dcmigrate.protocol.machine.SourceState.Transferring;

/** The source while it switches over: the guest stands still, and nothing is granted yet. */
final class SourceSwitchover {
  private static final int MOST_REPAIRS = 3;

  private SourceSwitchover() {}

  static SourceStep begin(Transferring state) {
    return of(
        new SwitchingOver(
            state.course(),
            state.epoch(),
            state.to(),
            SwitchoverStep.PREPARE,
            0,
            0,
            Optional.empty()),
        new SourceOutput.Prepare(state.epoch(), state.to()));
  }

  static SourceStep switchingOver(SwitchingOver state, SourceInput input, long nowNs) {
    boolean sealing = state.step() == SwitchoverStep.SEAL;
    return switch (input) {
      case Prepared prepared
          when prepared.epoch() == state.epoch() && state.step() == SwitchoverStep.PREPARE ->
          of(
              at(state, SwitchoverStep.SEAL, state.repairs(), prepared.memoryDigest()),
              new SourceOutput.Seal(state.epoch()));
      case Incomplete incomplete
          when incomplete.epoch() == state.epoch() && state.step() == SwitchoverStep.PREPARE ->
          incomplete(state, nowNs);
      case Repaired repaired
          when repaired.epoch() == state.epoch() && state.step() == SwitchoverStep.REPAIR ->
          of(
              at(state, SwitchoverStep.PREPARE, state.repairs(), 0),
              new SourceOutput.Prepare(state.epoch(), state.to()));
      case PrepareFailed failed when failed.epoch() == state.epoch() && !sealing ->
          rollBack(state, state.course(), failed.failure(), nowNs);
      case DestinationLost lost when lost.epoch() == state.epoch() ->
          sealing
              ? of(lostWhileSealing(state, lost.failure()))
              : rollBack(state, state.course(), lost.failure(), nowNs);
      case GuestSealed sealed when sealed.epoch() == state.epoch() && sealing ->
          sealed(state, nowNs);
      case SealFailed failed when failed.epoch() == state.epoch() && sealing ->
          SourceSteps.end(state.course(), new Result.Failed(failed.failure()));
      case RedirectAsked asked when sealing -> SourceSteps.refuse(state, SourceSteps.tooLate());
      case RedirectAsked asked -> redirect(state, asked.to(), nowNs);
      case CancelAsked asked when sealing -> SourceSteps.refuse(state, SourceSteps.tooLate());
      case CancelAsked asked ->
          SourceSteps.cancel(state.course()).after(new SourceOutput.StopSending(state.epoch()));
      // Whether it was sealed before it failed is not known; nothing was granted, so it comes back.
      case GuestFailed failed when sealing ->
          SourceSteps.takeBack(state.course(), failed.failure());
      case GuestFailed failed ->
          SourceSteps.end(state.course(), new Result.Failed(failed.failure()))
              .after(new SourceOutput.StopSending(state.epoch()));
      default ->
          SourceWitness.step(state.course(), state.epoch(), state.to(), input)
              .map(change -> change.in(state::with))
              .orElse(of(state));
    };
  }

  private static SourceStep incomplete(SwitchingOver state, long nowNs) {
    if (state.repairs() < MOST_REPAIRS) {
      return of(
          at(state, SwitchoverStep.REPAIR, state.repairs() + 1, 0),
          new SourceOutput.Repair(state.epoch()));
    }
    Failure why =
        new Failure(
            Reason.DIGEST_MISMATCH,
            "memory at the destination still differs after "
                + MOST_REPAIRS
                + " repairs; redirect to another peer or cancel");
    // What it holds is not what it was sent: it must not relay that to another destination.
    return rollBack(state, state.course().without(state.to()), why, nowNs)
        .then(new SourceOutput.Abort(state.epoch(), state.to()));
  }

  private static SourceStep redirect(SwitchingOver state, PeerId to, long nowNs) {
    Optional<Failure> objection =
        SourceSteps.objection(state.course(), Optional.of(state.to()), to);
    if (objection.isPresent()) {
      return SourceSteps.refuse(state, objection.get());
    }
    Failure why =
        new Failure(
            Reason.STATE_CONFLICT, "the switchover was broken off by a redirect that failed");
    return SourceSteps.open(
            state.course(), to, true, Optional.of(SourceSteps.park(state.course(), why, nowNs)))
        .after(new SourceOutput.StopSending(state.epoch()), new SourceOutput.ResumeGuest());
  }

  private static SourceStep sealed(SwitchingOver state, long nowNs) {
    if (state.lost().isPresent()) {
      // Nothing was granted, so the guest is still the source's.
      return SourceSteps.takeBack(state.course(), state.lost().get());
    }
    return SourceDecision.grant(
        state.course(),
        new Grant(
            state.epoch(), state.to(), state.memoryDigest(), state.course().witnesses().witness()),
        nowNs);
  }

  private static SourceStep rollBack(SwitchingOver state, Course course, Failure why, long nowNs) {
    return of(
        SourceSteps.park(course, why, nowNs),
        new SourceOutput.StopSending(state.epoch()),
        new SourceOutput.ResumeGuest());
  }

  private static SwitchingOver at(
      SwitchingOver state, SwitchoverStep step, int repairs, long memoryDigest) {
    return new SwitchingOver(
        state.course(), state.epoch(), state.to(), step, repairs, memoryDigest, Optional.empty());
  }

  private static SwitchingOver lostWhileSealing(SwitchingOver state, Failure why) {
    return new SwitchingOver(
        state.course(),
        state.epoch(),
        state.to(),
        SwitchoverStep.SEAL,
        state.repairs(),
        state.memoryDigest(),
        Optional.of(why));
  }
}
