package org.dcmigrate.protocol.machine;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.Redirecting;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/** The rules that never bend, checked at every step of every peer. */
final class Invariants {
  private record Cast(PeerId acceptor, Vote vote) {}

  private final World world;
  private final Map<String, Integer> reached = new HashMap<>();
  private final Map<Long, Set<Cast>> votes = new TreeMap<>();
  private final Map<Long, Integer> quorums = new HashMap<>();
  private boolean resolved;

  Invariants(World world) {
    this.world = world;
  }

  /** How often the source entered each state. */
  Map<String, Integer> reached() {
    return reached;
  }

  void reached(SourceState state) {
    reached.merge(state.getClass().getSimpleName(), 1, Integer::sum);
  }

  /** Rule 4, at the source: an answer from an epoch that is over changes nothing. */
  void sourceStep(SourceState before, SourceInput input, SourceStep step) {
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
  void holderStep(WorldHolder peer, HolderState before, HolderInput input, HolderStep step) {
    long recorded = peer.journal().stream().mapToLong(HolderRecord::epoch).max().orElse(0);
    long highest = Math.max(recorded, before.epoch());
    require(step.next().epoch() >= highest, "the epoch fell at " + peer.id() + ": " + step.next());
    Optional<Long> epoch = epoch(input);
    if (epoch.isPresent() && epoch.get() < highest) {
      require(step.next().equals(before), "a message of an older epoch changed " + peer.id());
      require(
          step.outputs().stream().allMatch(output -> output instanceof HolderOutput.Refuse),
          "a message of an older epoch had effects at " + peer.id() + ": " + step.outputs());
    }
  }

  /** What is told to others, or cannot be undone, comes after the record of it. */
  void persistFirstAtSource(List<SourceOutput> outputs) {
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
  void persistFirstAtHolder(List<HolderOutput> outputs) {
    for (HolderOutput output : outputs.stream().skip(1).toList()) {
      require(!(output instanceof HolderOutput.Persist), "persist comes late: " + outputs);
    }
  }

  /** A vote is on disk: whatever was decided before stays decided. */
  void voted(long epoch, Electorate electorate, PeerId acceptor, Vote vote) {
    votes.computeIfAbsent(epoch, e -> new LinkedHashSet<>()).add(new Cast(acceptor, vote));
    quorums.put(epoch, electorate.quorum());
    require(decided(epoch).size() <= 1, "both choices are decided: " + votes);
  }

  /** The operator has decided: from now on it is the operator who answers for one guest only. */
  void resolved() {
    resolved = true;
  }

  private Set<Choice> decided(long epoch) {
    Map<Vote, Long> counts =
        votes.getOrDefault(epoch, Set.of()).stream()
            .collect(Collectors.groupingBy(Cast::vote, Collectors.counting()));
    return counts.entrySet().stream()
        .filter(count -> count.getValue() >= quorums.get(epoch))
        .map(count -> count.getKey().choice())
        .collect(Collectors.toSet());
  }

  /** The source runs the guest after a grant only if decided so, or given up by the destination. */
  private void grantHasEnded() {
    for (SourceRecord record : world.source().journal()) {
      if (record instanceof SourceRecord.Granted granted && !resolved) {
        boolean givenUp =
            world.holder(granted.to().uri()).journal().stream()
                .anyMatch(r -> r instanceof HolderRecord.Forgot && r.epoch() >= granted.epoch());
        require(
            givenUp || decided(granted.epoch()).contains(Choice.SOURCE),
            "the guest runs at the source after a grant that nothing has ended: " + votes);
      }
    }
  }

  /** The grant is on disk before the commit is sent, and the guest is sealed. */
  void committing(SourceOutput.Commit commit) {
    require(
        world.source().journal().stream()
            .anyMatch(
                record ->
                    record.equals(
                        new SourceRecord.Granted(
                            commit.epoch(), commit.to(), commit.memoryDigest(), commit.witness()))),
        "a commit without a grant on disk");
  }

  /** Rules 1 and 3, at the moment that a destination sets the guest running. */
  void resuming(WorldHolder holder) {
    WorldGuest guest = world.source().guest();
    require(owns(holder), holder.id() + " resumes a guest that it does not own");
    long epoch = holder.journal().getLast().epoch();
    require(
        resolved || decided(epoch).contains(Choice.DESTINATION),
        holder.id() + " resumes a guest, and it is not decided so: " + votes);
    require(guest.power() == Power.SEALED, "the guest at the source is " + guest.power());
    for (int page = 0; page < guest.pageCount(); page++) {
      Version held = holder.pages().getOrDefault(page, new Version(0, -1));
      require(held.content() == guest.content(page), "page " + page + " differs at the resumption");
    }
  }

  /** Rules 1, 2 and 5. */
  void always() {
    if (resolved) {
      return;
    }
    WorldGuest guest = world.source().guest();
    long running = world.holders().stream().filter(WorldHolder::guestRuns).count();
    long owners = world.holders().stream().filter(Invariants::owns).count();
    require(owners <= 1, "more than one owner");
    if (guest.power() == Power.RUNNING) {
      require(running == 0 && owners == 0, "the guest runs at the source, and another owns it");
      grantHasEnded();
    }
    require(running <= 1, "the guest runs at two destinations");
    if (guest.power() == Power.QUIT) {
      require(owners == 1, "the source has ended the guest, and nobody owns it");
    }
    for (WorldHolder holder : world.holders()) {
      require(
          !owns(holder) || holder.pages().size() == guest.pageCount(),
          "the owner lacks a part of memory");
    }
    if (world.source().alive() && world.source().state().isPresent()) {
      guestStandsStillOnlyForSwitchover(world.source().state().get(), guest);
    }
  }

  private void guestStandsStillOnlyForSwitchover(SourceState state, WorldGuest guest) {
    boolean maySeal =
        state instanceof Committing
            || state instanceof InDoubt
            || state instanceof Committed
            || state instanceof SwitchingOver
            || state instanceof SourceState.Ended;
    require(guest.power() != Power.SEALED || maySeal, "the guest is sealed in " + state);
    require(
        guest.power() != Power.STOPPED || maySeal || world.source().sender().stopPending(),
        "the guest stands still in " + state);
  }

  static boolean owns(WorldHolder holder) {
    return !holder.journal().isEmpty()
        && holder.journal().getLast() instanceof HolderRecord.OwnedWith;
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

  static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
