package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.Invariants.require;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.Redirecting;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;

/** The rules that a single step of a machine has to keep, whatever goes on elsewhere. */
final class StepRules {
  private StepRules() {}

  /** Rule 4, at the source: an answer from an epoch that is over changes nothing. */
  static void source(SourceState before, SourceInput input, SourceStep step) {
    Optional<Long> epoch = epoch(input);
    if (epoch.isPresent() && !epochsInForce(before).contains(epoch.get())) {
      require(
          step.next().equals(before), "an answer of epoch " + epoch.get() + " changed " + before);
      require(
          step.outputs().isEmpty() || input instanceof SourceInput.GuestStopped,
          "an answer of epoch " + epoch.get() + " had effects: " + step.outputs());
    }
  }

  /** Rule 4, at a holder: a message of an older epoch changes nothing and is refused. */
  static void holder(
      PeerId peer,
      List<HolderRecord> journal,
      HolderState before,
      HolderInput input,
      HolderStep step) {
    long recorded = journal.stream().mapToLong(HolderRecord::epoch).max().orElse(0);
    long highest = Math.max(recorded, before.epoch());
    require(step.next().epoch() >= highest, "the epoch fell at " + peer + ": " + step.next());
    Optional<Long> epoch = epoch(input);
    if (epoch.isPresent() && epoch.get() < highest) {
      require(step.next().equals(before), "a message of an older epoch changed " + peer);
      require(
          step.outputs().stream().allMatch(output -> output instanceof HolderOutput.Refuse),
          "a message of an older epoch had effects at " + peer + ": " + step.outputs());
    }
  }

  /** What is told to others, or cannot be undone, comes after the record of it. */
  static void persistFirstAtSource(List<SourceOutput> outputs) {
    boolean told = false;
    for (SourceOutput output : outputs) {
      require(!(told && output instanceof SourceOutput.Persist), "persist after send: " + outputs);
      told |=
          switch (output) {
            case SourceOutput.Open o -> true;
            case SourceOutput.SendMetadata o -> true;
            case SourceOutput.Detach o -> true;
            case SourceOutput.StartTransfer o -> true;
            case SourceOutput.Prepare o -> true;
            case SourceOutput.Commit o -> true;
            case SourceOutput.Appoint o -> true;
            case SourceOutput.Ask o -> true;
            case SourceOutput.Abort o -> true;
            case SourceOutput.Release o -> true;
            case SourceOutput.Dismiss o -> true;
            default -> false;
          };
    }
  }

  /** A holder does nothing at all before its record is on disk. */
  static void persistFirstAtHolder(List<HolderOutput> outputs) {
    for (HolderOutput output : outputs.stream().skip(1).toList()) {
      require(!(output instanceof HolderOutput.Persist), "persist comes late: " + outputs);
    }
  }

  private static Set<Long> epochsInForce(SourceState state) {
    return switch (state) {
      case SourceState.Opening s -> Set.of(s.epoch());
      case SourceState.Transferring s -> Set.of(s.epoch());
      case Redirecting s -> Set.of(s.epoch(), s.current().epoch());
      case SourceState.Parked s -> Set.of();
      case SwitchingOver s -> Set.of(s.epoch());
      case Committing s -> Set.of(s.grant().epoch());
      case InDoubt s -> Set.of(s.grant().epoch());
      case Committed s -> Set.of(s.grant().epoch());
      case SourceState.Ended s -> Set.of();
    };
  }

  private static Optional<Long> epoch(SourceInput input) {
    return switch (input) {
      case SourceInput.RedirectAsked i -> Optional.empty();
      case SourceInput.CancelAsked i -> Optional.empty();
      case SourceInput.GuestFailed i -> Optional.empty();
      case SourceInput.GuestLost i -> Optional.empty();
      case SourceInput.Tick i -> Optional.empty();
      case SourceInput.ResolveAsked i -> Optional.empty();
      case SourceInput.WitnessAppointed i -> Optional.of(i.epoch());
      case SourceInput.WitnessRefused i -> Optional.of(i.epoch());
      case SourceInput.Answered i -> Optional.of(i.epoch());
      case SourceInput.OpenAccepted i -> Optional.of(i.epoch());
      case SourceInput.MetadataAccepted i -> Optional.of(i.epoch());
      case SourceInput.OpenRefused i -> Optional.of(i.epoch());
      case SourceInput.Detached i -> Optional.of(i.epoch());
      case SourceInput.ContributorDrained i -> Optional.of(i.epoch());
      case SourceInput.ContributorLost i -> Optional.of(i.epoch());
      case SourceInput.Reconciled i -> Optional.of(i.epoch());
      case SourceInput.DestinationLost i -> Optional.of(i.epoch());
      case SourceInput.GuestStopped i -> Optional.of(i.epoch());
      case SourceInput.Prepared i -> Optional.of(i.epoch());
      case SourceInput.Incomplete i -> Optional.of(i.epoch());
      case SourceInput.Repaired i -> Optional.of(i.epoch());
      case SourceInput.PrepareFailed i -> Optional.of(i.epoch());
      case SourceInput.GuestSealed i -> Optional.of(i.epoch());
      case SourceInput.SealFailed i -> Optional.of(i.epoch());
      case SourceInput.Running i -> Optional.of(i.epoch());
      case SourceInput.CommitRefused i -> Optional.of(i.epoch());
      case SourceInput.CommitLost i -> Optional.of(i.epoch());
    };
  }

  /** The epoch of a request of another peer; a peer's own late answers have none. */
  private static Optional<Long> epoch(HolderInput input) {
    return switch (input) {
      case HolderInput.OpenAsked i -> Optional.of(i.epoch());
      case HolderInput.MetadataArrived i -> Optional.of(i.epoch());
      case HolderInput.TransferAsked i -> Optional.of(i.epoch());
      case HolderInput.InventoryAsked i -> Optional.of(i.epoch());
      case HolderInput.PrepareArrived i -> Optional.of(i.epoch());
      case HolderInput.CommitArrived i -> Optional.of(i.epoch());
      case HolderInput.DetachAsked i -> Optional.of(i.epoch());
      case HolderInput.RelayAsked i -> Optional.of(i.epoch());
      case HolderInput.SkipAsked i -> Optional.of(i.epoch());
      case HolderInput.ForgetAsked i -> Optional.of(i.epoch());
      case HolderInput.StatusAsked i -> Optional.of(i.epoch());
      default -> Optional.empty();
    };
  }
}
