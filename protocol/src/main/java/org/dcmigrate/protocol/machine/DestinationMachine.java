package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.HolderStep.of;
import static org.dcmigrate.protocol.machine.HolderStep.refuse;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.HolderInput.CommitArrived;
import org.dcmigrate.protocol.machine.HolderInput.DetachAsked;
import org.dcmigrate.protocol.machine.HolderInput.ForgetAsked;
import org.dcmigrate.protocol.machine.HolderInput.InventoryAsked;
import org.dcmigrate.protocol.machine.HolderInput.LeaseEnded;
import org.dcmigrate.protocol.machine.HolderInput.LoadFailed;
import org.dcmigrate.protocol.machine.HolderInput.Loaded;
import org.dcmigrate.protocol.machine.HolderInput.MetadataArrived;
import org.dcmigrate.protocol.machine.HolderInput.OpenAsked;
import org.dcmigrate.protocol.machine.HolderInput.PrepareArrived;
import org.dcmigrate.protocol.machine.HolderInput.RelayAsked;
import org.dcmigrate.protocol.machine.HolderInput.ShellFailed;
import org.dcmigrate.protocol.machine.HolderInput.ShellReady;
import org.dcmigrate.protocol.machine.HolderInput.SkipAsked;
import org.dcmigrate.protocol.machine.HolderInput.StatusAsked;
import org.dcmigrate.protocol.machine.HolderInput.TransferAsked;
import org.dcmigrate.protocol.machine.HolderInput.Verified;
import org.dcmigrate.protocol.machine.HolderState.Destination;
import org.dcmigrate.protocol.machine.HolderState.Detached;
import org.dcmigrate.protocol.machine.HolderState.Opened;
import org.dcmigrate.protocol.machine.HolderState.Owned;
import org.dcmigrate.protocol.machine.HolderState.Prepared;
import org.dcmigrate.protocol.machine.HolderState.Preparing;
import org.dcmigrate.protocol.machine.HolderState.Receiving;

/**
 * The new destination's role. It owns the guest from the moment that {@code OwnedWith} is on disk.
 * Until the grant it may give up at any time, and having given up it never owns the guest in that
 * epoch; {@link DestinationDecision} has what comes after the grant.
 */
final class DestinationMachine {
  private DestinationMachine() {}

  /** Becomes the destination of an epoch; what an earlier role left is ended before the answer. */
  static HolderStep open(OpenAsked asked, HolderOutput... ending) {
    return of(
            new Opened(asked.epoch(), asked.source(), asked.contributors(), false),
            new HolderOutput.Persist(new HolderRecord.OpenedAs(asked.epoch(), asked.source())))
        .then(ending)
        .then(new HolderOutput.Accept());
  }

  static HolderStep step(Destination state, HolderInput input) {
    return switch (state) {
      case Opened opened -> opened(opened, input);
      case Receiving receiving -> receiving(receiving, input);
      case Preparing preparing -> preparing(preparing, input);
      case Prepared prepared -> prepared(prepared, input);
      case HolderState.Deciding deciding -> DestinationDecision.deciding(deciding, input);
      case Owned owned -> DestinationDecision.owned(owned, input);
    };
  }

  private static HolderStep opened(Opened state, HolderInput input) {
    return switch (input) {
      case MetadataArrived arrived when !state.settingUp() ->
          of(
              new Opened(state.epoch(), state.source(), state.contributors(), true),
              new HolderOutput.SetUpShell(state.epoch()));
      case MetadataArrived arrived -> refuseTwice(state, "metadata");
      case ShellReady ready when ready.epoch() == state.epoch() && state.settingUp() ->
          of(
              new Receiving(state.epoch(), state.source(), state.contributors()),
              new HolderOutput.AcceptMetadata());
      case ShellFailed failed when failed.epoch() == state.epoch() && state.settingUp() ->
          of(
              new Opened(state.epoch(), state.source(), state.contributors(), false),
              new HolderOutput.RefuseMetadata(failed.failure()));
      case InventoryAsked asked -> of(state, new HolderOutput.Accept());
      case TransferAsked asked -> HolderMachine.notNow(state, "a transfer");
      default -> beforeOwning(state, input);
    };
  }

  private static HolderStep receiving(Receiving state, HolderInput input) {
    return switch (input) {
      case MetadataArrived arrived -> refuseTwice(state, "metadata");
      case TransferAsked asked ->
          admit(state, state.source(), state.contributors(), asked.sender());
      case InventoryAsked asked -> of(state, new HolderOutput.Accept());
      case PrepareArrived arrived ->
          of(
              new Preparing(
                  state.epoch(),
                  state.source(),
                  state.contributors(),
                  arrived.memoryDigest(),
                  false),
              // A page that came after its digest was taken would be resumed unverified.
              new HolderOutput.CutTransfers(stopped()),
              new HolderOutput.Verify(state.epoch(), arrived.memoryDigest()));
      default -> beforeOwning(state, input);
    };
  }

  private static HolderStep preparing(Preparing state, HolderInput input) {
    return switch (input) {
      case Verified verified when verified.epoch() == state.epoch() && !state.verified() ->
          verified.equal()
              ? of(
                  new Preparing(
                      state.epoch(),
                      state.source(),
                      state.contributors(),
                      state.memoryDigest(),
                      true),
                  new HolderOutput.Load(state.epoch()))
              : of(
                  new Receiving(state.epoch(), state.source(), state.contributors()),
                  new HolderOutput.ReportIncomplete());
      case Loaded loaded when loaded.epoch() == state.epoch() && state.verified() ->
          of(
              new Prepared(state.epoch(), state.memoryDigest()),
              new HolderOutput.Persist(
                  new HolderRecord.PreparedWith(state.epoch(), state.memoryDigest())),
              new HolderOutput.ReportPrepared(state.memoryDigest()));
      case LoadFailed failed when failed.epoch() == state.epoch() && state.verified() ->
          // The report takes the switchover stream, which forgetting cuts.
          HolderMachine.forget(
              state.epoch(),
              failed.failure(),
              new HolderOutput.ReportPrepareFailed(failed.failure()));
      default -> beforeOwning(state, input);
    };
  }

  private static HolderStep prepared(Prepared state, HolderInput input) {
    return switch (input) {
      case CommitArrived arrived when arrived.memoryDigest() == state.memoryDigest() ->
          DestinationDecision.begin(state, arrived.electorate());
      case CommitArrived arrived ->
          refuse(
              state,
              Reason.DIGEST_MISMATCH,
              "the commit names another memory digest than the one prepared");
      default -> beforeOwning(state, input);
    };
  }

  /** What is the same in all states before the guest is owned. */
  private static HolderStep beforeOwning(Destination state, HolderInput input) {
    return switch (input) {
      case OpenAsked asked when asked.epoch() == state.epoch() ->
          refuse(
              state,
              Reason.ALREADY_OPEN,
              "epoch " + asked.epoch() + " was opened before; a new attempt needs a new epoch");
      case OpenAsked asked ->
          open(
              asked,
              new HolderOutput.CutTransfers(over()),
              new HolderOutput.CutSwitchover(over()),
              new HolderOutput.DiscardShell());
      case DetachAsked asked when asked.epoch() == state.epoch() ->
          HolderMachine.notNow(state, "a detach in the epoch that this peer is destination of");
      case DetachAsked asked ->
          of(
              new Detached(asked.epoch(), asked.newDestination()),
              new HolderOutput.Persist(
                  new HolderRecord.Retired(asked.epoch(), asked.newDestination())),
              new HolderOutput.CutTransfers(over()),
              new HolderOutput.CutSwitchover(over()),
              new HolderOutput.DiscardShell(),
              new HolderOutput.Accept());
      case ForgetAsked asked ->
          HolderMachine.forget(asked.epoch(), HolderMachine.toldToForget())
              .then(new HolderOutput.Accept());
      case HolderInput.Stopping stopping ->
          HolderMachine.forget(state.epoch(), HolderMachine.stopping());
      case LeaseEnded ended -> HolderMachine.forget(state.epoch(), HolderMachine.leaseEnded());
      case StatusAsked asked -> of(state, new HolderOutput.Accept());
      case MetadataArrived arrived -> HolderMachine.notNow(state, "metadata");
      case TransferAsked asked -> HolderMachine.notNow(state, "a transfer");
      case InventoryAsked asked -> HolderMachine.notNow(state, "an inventory");
      case PrepareArrived arrived -> HolderMachine.notNow(state, "prepare");
      case CommitArrived arrived -> HolderMachine.notNow(state, "commit");
      case RelayAsked asked -> HolderMachine.notNow(state, "a relay");
      case SkipAsked asked -> HolderMachine.notNow(state, "a skip");
      case HolderInput.ResolveAsked asked -> HolderMachine.notInDoubt(state);
      default -> of(state);
    };
  }

  private static HolderStep admit(
      Destination state, PeerId source, List<PeerId> contributors, PeerId sender) {
    List<PeerId> admitted = new ArrayList<>(contributors);
    admitted.add(source);
    return admitted.contains(sender)
        ? of(state, new HolderOutput.Accept())
        : refuse(
            state,
            Reason.SENDER_NOT_ANNOUNCED,
            sender + " is neither the source nor a contributor announced for this epoch");
  }

  private static HolderStep refuseTwice(Destination state, String what) {
    return refuse(state, Reason.STATE_CONFLICT, what + " came a second time in one epoch");
  }

  private static Failure over() {
    return new Failure(Reason.EPOCH_STALE, "the source has turned to another epoch");
  }

  private static Failure stopped() {
    return new Failure(
        Reason.STATE_CONFLICT, "the guest has stopped, and its memory is being verified");
  }
}
