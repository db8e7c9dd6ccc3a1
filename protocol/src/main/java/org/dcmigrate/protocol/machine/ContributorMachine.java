package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.HolderStep.of;
import static org.dcmigrate.protocol.machine.HolderStep.refuse;

import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.HolderInput.DetachAsked;
import org.dcmigrate.protocol.machine.HolderInput.ForgetAsked;
import org.dcmigrate.protocol.machine.HolderInput.InventoryAsked;
import org.dcmigrate.protocol.machine.HolderInput.LeaseEnded;
import org.dcmigrate.protocol.machine.HolderInput.OpenAsked;
import org.dcmigrate.protocol.machine.HolderInput.RelayAsked;
import org.dcmigrate.protocol.machine.HolderInput.RelayBroke;
import org.dcmigrate.protocol.machine.HolderInput.RelayFinished;
import org.dcmigrate.protocol.machine.HolderInput.SkipAsked;
import org.dcmigrate.protocol.machine.HolderInput.StatusAsked;
import org.dcmigrate.protocol.machine.HolderState.Contributor;
import org.dcmigrate.protocol.machine.HolderState.Detached;
import org.dcmigrate.protocol.machine.HolderState.Drained;
import org.dcmigrate.protocol.machine.HolderState.RelayFailed;
import org.dcmigrate.protocol.machine.HolderState.Relaying;

/**
 * The old destination's role: keeps its pages, relays those it is asked for, and can be made the
 * destination again.
 */
final class ContributorMachine {
  private ContributorMachine() {}

  static HolderStep step(Contributor state, HolderInput input) {
    return switch (input) {
      case DetachAsked asked when asked.epoch() > state.epoch() ->
          of(
              new Detached(asked.epoch(), asked.newDestination()),
              new HolderOutput.Persist(
                  new HolderRecord.Retired(asked.epoch(), asked.newDestination())),
              new HolderOutput.StopRelay(),
              new HolderOutput.Accept());
      // A repetition, whose first answer was lost.
      case DetachAsked asked when state instanceof Detached -> of(state, new HolderOutput.Accept());
      case DetachAsked asked -> HolderMachine.notNow(state, "a second detach");
      case RelayAsked asked ->
          state instanceof Detached detached
              ? of(
                  new Relaying(detached.epoch(), detached.newDestination()),
                  new HolderOutput.StartRelay(detached.epoch(), detached.newDestination()),
                  new HolderOutput.Accept())
              : HolderMachine.notNow(state, "a second relay in one epoch");
      case SkipAsked asked -> of(state, new HolderOutput.Accept());
      case RelayFinished finished ->
          state instanceof Relaying relaying && finished.epoch() == relaying.epoch()
              ? of(new Drained(relaying.epoch(), relaying.newDestination()))
              : of(state);
      case RelayBroke broke ->
          state instanceof Relaying relaying && broke.epoch() == relaying.epoch()
              ? of(new RelayFailed(relaying.epoch(), relaying.newDestination(), broke.failure()))
              : of(state);
      case OpenAsked asked when asked.epoch() == state.epoch() ->
          refuse(
              state,
              Reason.STATE_CONFLICT,
              "epoch " + asked.epoch() + " has another destination; a redirect needs a new epoch");
      case OpenAsked asked -> DestinationMachine.open(asked, new HolderOutput.StopRelay());
      case ForgetAsked asked ->
          HolderMachine.forget(asked.epoch(), HolderMachine.toldToForget())
              .then(new HolderOutput.Accept());
      case HolderInput.Stopping stopping ->
          HolderMachine.forget(state.epoch(), HolderMachine.stopping());
      case LeaseEnded ended -> HolderMachine.forget(state.epoch(), HolderMachine.leaseEnded());
      case StatusAsked asked -> of(state, new HolderOutput.Accept());
      case InventoryAsked asked -> notDestination(state);
      case HolderInput.MetadataArrived arrived -> notDestination(state);
      case HolderInput.TransferAsked asked -> notDestination(state);
      case HolderInput.PrepareArrived arrived -> notDestination(state);
      case HolderInput.CommitArrived arrived -> notDestination(state);
      case HolderInput.ResolveAsked asked -> HolderMachine.notInDoubt(state);
      // Late answers to what this peer began as a destination.
      case HolderInput.ShellReady late -> of(state);
      case HolderInput.ShellFailed late -> of(state);
      case HolderInput.Verified late -> of(state);
      case HolderInput.Loaded late -> of(state);
      case HolderInput.LoadFailed late -> of(state);
      case HolderInput.Resumed late -> of(state);
      case HolderInput.ResumeFailed late -> of(state);
      case HolderInput.Answered late -> of(state);
      case HolderInput.AskAgain late -> of(state);
    };
  }

  private static HolderStep notDestination(Contributor state) {
    return refuse(
        state,
        Reason.STATE_CONFLICT,
        "this peer is an old destination of the migration since epoch " + state.epoch());
  }
}
