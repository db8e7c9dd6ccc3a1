package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.HolderStep.of;
import static org.dcmigrate.protocol.machine.HolderStep.refuse;

import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.machine.HolderInput.CommitArrived;
import org.dcmigrate.protocol.machine.HolderInput.DetachAsked;
import org.dcmigrate.protocol.machine.HolderInput.ForgetAsked;
import org.dcmigrate.protocol.machine.HolderInput.InventoryAsked;
import org.dcmigrate.protocol.machine.HolderInput.LeaseEnded;
import org.dcmigrate.protocol.machine.HolderInput.MetadataArrived;
import org.dcmigrate.protocol.machine.HolderInput.OpenAsked;
import org.dcmigrate.protocol.machine.HolderInput.PrepareArrived;
import org.dcmigrate.protocol.machine.HolderInput.RelayAsked;
import org.dcmigrate.protocol.machine.HolderInput.SkipAsked;
import org.dcmigrate.protocol.machine.HolderInput.StatusAsked;
import org.dcmigrate.protocol.machine.HolderInput.TransferAsked;
import org.dcmigrate.protocol.machine.HolderState.Contributor;
import org.dcmigrate.protocol.machine.HolderState.Destination;
import org.dcmigrate.protocol.machine.HolderState.Forgotten;
import org.dcmigrate.protocol.machine.HolderState.Owned;
import org.dcmigrate.protocol.machine.HolderState.Resumption;

/**
 * A peer that holds pages of one migration: fences epochs, then hands each input to the role that
 * it plays. Duties of the caller as with {@link SourceMachine}.
 */
public final class HolderMachine {
  private HolderMachine() {}

  /** A peer that knew nothing of the migration becomes its destination. */
  public static HolderStep open(OpenAsked asked) {
    return DestinationMachine.open(asked);
  }

  /**
   * Takes a holder up again from its journal after a restart. An owned guest is set running again
   * if it stands still; one that the grant came for, and that is still there, goes on being decided
   * on. Everything else is lost with the peer's memory, and this is said: the source learns that
   * the guest was not taken over.
   */
  public static HolderStep recover(List<HolderRecord> journal) {
    Optional<HolderRecord> last =
        journal.isEmpty() ? Optional.empty() : Optional.of(journal.getLast());
    long epoch = journal.stream().mapToLong(HolderRecord::epoch).max().orElse(0);
    return switch (last.orElse(new HolderRecord.Forgot(epoch))) {
      case HolderRecord.OwnedWith owned ->
          of(
              new Owned(owned.epoch(), owned.memoryDigest(), Resumption.UNDER_WAY),
              new HolderOutput.ResumeGuest(owned.epoch()));
      case HolderRecord.GuestLeft left ->
          of(new Owned(left.epoch(), left.memoryDigest(), Resumption.DONE));
      // The restart may have come between the record and the wiping.
      case HolderRecord.Forgot forgot ->
          of(new Forgotten(epoch, restarted()), new HolderOutput.Wipe());
      case HolderRecord.OpenedAs opened -> forgetAfterRestart(epoch);
      case HolderRecord.PreparedWith prepared -> forgetAfterRestart(epoch);
      case HolderRecord.GrantedWith granted ->
          of(
              new HolderState.Deciding(
                  granted.epoch(),
                  granted.memoryDigest(),
                  Proposer.granted(granted.electorate()),
                  false,
                  0),
              new HolderOutput.FindGuest(granted.epoch()));
      case HolderRecord.Retired retired -> forgetAfterRestart(epoch);
    };
  }

  private static HolderStep forgetAfterRestart(long epoch) {
    return of(
        new Forgotten(epoch, restarted()),
        new HolderOutput.Persist(new HolderRecord.Forgot(epoch)),
        new HolderOutput.Wipe());
  }

  private static Failure restarted() {
    return new Failure(
        Reason.ATTEMPT_DISCARDED, "this peer was restarted and holds nothing of the migration");
  }

  /** The step for one input. */
  public static HolderStep step(HolderState state, HolderInput input) {
    Optional<Long> epoch = requestEpoch(input);
    if (epoch.isPresent() && epoch.get() < state.epoch()) {
      return refuse(
          state,
          Reason.EPOCH_STALE,
          "epoch %d is over; this peer knows epoch %d of the migration"
              .formatted(epoch.get(), state.epoch()));
    }
    if (epoch.isPresent() && epoch.get() > state.epoch() && !mayRaiseEpoch(input)) {
      return refuse(
          state,
          Reason.STATE_CONFLICT,
          "epoch %d was not opened at this peer, which knows epoch %d"
              .formatted(epoch.get(), state.epoch()));
    }
    return switch (state) {
      case Destination destination -> DestinationMachine.step(destination, input);
      case Contributor contributor -> ContributorMachine.step(contributor, input);
      case Forgotten forgotten -> forgotten(forgotten, input);
    };
  }

  private static boolean mayRaiseEpoch(HolderInput input) {
    return input instanceof OpenAsked
        || input instanceof DetachAsked
        || input instanceof ForgetAsked;
  }

  /**
   * The epoch that a request of another peer carries; answers of our own are fenced by the roles.
   */
  static Optional<Long> requestEpoch(HolderInput input) {
    return switch (input) {
      case OpenAsked asked -> Optional.of(asked.epoch());
      case MetadataArrived arrived -> Optional.of(arrived.epoch());
      case TransferAsked asked -> Optional.of(asked.epoch());
      case InventoryAsked asked -> Optional.of(asked.epoch());
      case PrepareArrived arrived -> Optional.of(arrived.epoch());
      case CommitArrived arrived -> Optional.of(arrived.epoch());
      case DetachAsked asked -> Optional.of(asked.epoch());
      case RelayAsked asked -> Optional.of(asked.epoch());
      case SkipAsked asked -> Optional.of(asked.epoch());
      case ForgetAsked asked -> Optional.of(asked.epoch());
      case StatusAsked asked -> Optional.of(asked.epoch());
      case HolderInput.ShellReady own -> Optional.empty();
      case HolderInput.ShellFailed own -> Optional.empty();
      case HolderInput.Verified own -> Optional.empty();
      case HolderInput.Loaded own -> Optional.empty();
      case HolderInput.LoadFailed own -> Optional.empty();
      case HolderInput.Resumed own -> Optional.empty();
      case HolderInput.ResumeFailed own -> Optional.empty();
      case HolderInput.RelayFinished own -> Optional.empty();
      case HolderInput.RelayBroke own -> Optional.empty();
      case HolderInput.Answered own -> Optional.empty();
      case HolderInput.AskAgain own -> Optional.empty();
      case HolderInput.ResolveAsked operator -> Optional.empty();
      case LeaseEnded own -> Optional.empty();
      case HolderInput.Stopping own -> Optional.empty();
    };
  }

  private static HolderStep forgotten(Forgotten state, HolderInput input) {
    return switch (input) {
      case OpenAsked asked when asked.epoch() > state.epoch() -> DestinationMachine.open(asked);
      case OpenAsked asked ->
          refuse(
              state,
              Reason.ALREADY_OPEN,
              "epoch "
                  + asked.epoch()
                  + " is over at this peer; a new attempt needs a new epoch: "
                  + state.why().sentence());
      case ForgetAsked asked when asked.epoch() > state.epoch() ->
          of(
              new Forgotten(asked.epoch(), state.why()),
              new HolderOutput.Persist(new HolderRecord.Forgot(asked.epoch())),
              new HolderOutput.Accept());
      case ForgetAsked asked -> of(state, new HolderOutput.Accept());
      case CommitArrived arrived -> of(state, new HolderOutput.Refuse(state.why()));
      case PrepareArrived arrived -> of(state, new HolderOutput.Refuse(state.why()));
      case LeaseEnded ended -> of(state);
      case HolderInput.ResolveAsked asked -> notInDoubt(state);
      default ->
          requestEpoch(input).isEmpty()
              ? of(state)
              : refuse(state, Reason.MIGRATION_UNKNOWN, state.why().sentence());
    };
  }

  /** Gives up everything of the migration, for good; the report goes out before its way is cut. */
  static HolderStep forget(long epoch, Failure why, HolderOutput... report) {
    return of(new Forgotten(epoch, why), new HolderOutput.Persist(new HolderRecord.Forgot(epoch)))
        .then(report)
        .then(
            new HolderOutput.StopRelay(),
            new HolderOutput.CutTransfers(why),
            new HolderOutput.CutSwitchover(why),
            new HolderOutput.Wipe());
  }

  static Failure stopping() {
    return new Failure(
        Reason.ATTEMPT_DISCARDED, "this peer is shutting down and gave the attempt up");
  }

  static Failure leaseEnded() {
    return new Failure(
        Reason.ATTEMPT_DISCARDED,
        "the source did not ask for this peer within the lease, so it gave the attempt up");
  }

  static Failure toldToForget() {
    return new Failure(Reason.ATTEMPT_DISCARDED, "the source ended this peer's part");
  }

  static HolderStep notInDoubt(HolderState state) {
    return refuse(
        state,
        Reason.STATE_CONFLICT,
        "this peer waits for no decision, so there is nothing to resolve; its state is "
            + state.getClass().getSimpleName());
  }

  static HolderStep notNow(HolderState state, String what) {
    return refuse(
        state,
        Reason.STATE_CONFLICT,
        what + " is not possible in state " + state.getClass().getSimpleName());
  }
}
