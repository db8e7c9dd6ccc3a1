package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Proposer;

/** Where a migration stands, as its source sees it. */
public sealed interface SourceState {

  /**
   * What every state knows.
   *
   * @param self the source
   * @param lastEpoch the highest epoch ever opened
   * @param holders peers that may hold pages or a shell of this migration; to be told at its end
   * @param witnesses who votes on this migration beside source and destination
   * @param parkedNs how long a migration without a destination waits for the operator
   */
  record Course(
      PeerId self, long lastEpoch, Set<PeerId> holders, Witnesses witnesses, long parkedNs) {
    public Course {
      holders = new LinkedHashSet<>(holders);
    }

    Course opening(PeerId to) {
      Set<PeerId> more = new LinkedHashSet<>(holders);
      more.add(to);
      return new Course(self, lastEpoch + 1, more, witnesses, parkedNs);
    }

    Course without(PeerId peer) {
      Set<PeerId> fewer = new LinkedHashSet<>(holders);
      fewer.remove(peer);
      return new Course(self, lastEpoch, fewer, witnesses, parkedNs);
    }

    Course with(Witnesses changed) {
      return new Course(self, lastEpoch, holders, changed, parkedNs);
    }

    List<PeerId> holdersBut(PeerId peer) {
      return holders.stream().filter(holder -> !holder.equals(peer)).toList();
    }
  }

  /**
   * Who witnesses the decision.
   *
   * @param named whom the operator has named
   * @param candidates whom to ask in the present epoch, the first of them being asked
   * @param appointed whether the first candidate has agreed
   * @param asked everybody ever asked; to be dismissed at the end
   */
  record Witnesses(
      Optional<PeerId> named, List<PeerId> candidates, boolean appointed, Set<PeerId> asked) {
    public Witnesses {
      candidates = List.copyOf(candidates);
      asked = new LinkedHashSet<>(asked);
    }

    /** The witness of the present epoch, where one has agreed. */
    public Optional<PeerId> witness() {
      return appointed ? Optional.of(candidates.getFirst()) : Optional.empty();
    }

    Witnesses with(List<PeerId> others) {
      return new Witnesses(named, others, false, asked);
    }

    Witnesses asking(PeerId peer) {
      Set<PeerId> more = new LinkedHashSet<>(asked);
      more.add(peer);
      return new Witnesses(named, candidates, false, more);
    }

    Witnesses agreed() {
      return new Witnesses(named, candidates, true, asked);
    }
  }

  /** What every state knows. */
  Course course();

  /** Whether the answer about metadata is awaited, or still the one to the opening. */
  enum Asked {
    OPEN,
    METADATA
  }

  /**
   * A peer is asked to become the destination, and there is no other.
   *
   * @param parkedBefore where the migration goes on when this peer refuses, and until when; empty
   *     for the first destination: then it ends
   */
  record Opening(
      Course course,
      long epoch,
      PeerId to,
      Asked asked,
      boolean redirect,
      Optional<Parked> parkedBefore)
      implements SourceState {}

  /** What a contributor does, as far as the source knows. */
  enum ContributorPhase {
    /** Asked for its inventory. */
    DETACHING,
    /** Relays. */
    RELAYING,
    /** Everything it was asked for has arrived. */
    DRAINED,
    /** Out of reach, or unable to relay. */
    LOST;

    boolean active() {
      return this == DETACHING || this == RELAYING;
    }
  }

  /** Whether the destination's inventory is being compared. */
  enum Reconciling {
    /** No. */
    IDLE,
    /** Yes. */
    ASKED,
    /** Yes, but more is owed since it began: once more when it is through. */
    OUTDATED
  }

  /**
   * Pages flow; the guest runs.
   *
   * @param contributors old destinations and what they do
   * @param started whether the inventories were in, and the transfer was planned
   * @param settled whether nothing is relayed any more and the guest may stop by itself
   * @param reconciling at most one comparison at a time, so that its answer needs no name
   */
  record Transferring(
      Course course,
      long epoch,
      PeerId to,
      Map<PeerId, ContributorPhase> contributors,
      boolean started,
      boolean settled,
      Reconciling reconciling)
      implements SourceState {
    public Transferring {
      contributors = new LinkedHashMap<>(contributors);
    }

    Transferring with(PeerId peer, ContributorPhase phase) {
      Map<PeerId, ContributorPhase> changed = new LinkedHashMap<>(contributors);
      changed.put(peer, phase);
      return new Transferring(course, epoch, to, changed, started, settled, reconciling);
    }

    Transferring with(Course newCourse) {
      return new Transferring(newCourse, epoch, to, contributors, started, settled, reconciling);
    }

    Transferring with(Reconciling now) {
      return new Transferring(course, epoch, to, contributors, started, settled, now);
    }

    Transferring started(boolean nowSettled) {
      return new Transferring(course, epoch, to, contributors, true, nowSettled, reconciling);
    }

    List<PeerId> contributorsIn(ContributorPhase phase) {
      return contributors.entrySet().stream()
          .filter(entry -> entry.getValue() == phase)
          .map(Map.Entry::getKey)
          .collect(Collectors.toCollection(ArrayList::new));
    }

    boolean anyActive() {
      return contributors.values().stream().anyMatch(ContributorPhase::active);
    }
  }

  /** Pages flow to the current destination while another one is asked. */
  record Redirecting(Transferring current, long epoch, PeerId to, Asked asked)
      implements SourceState {
    @Override
    public Course course() {
      return current.course();
    }
  }

  /** There is no destination. The guest runs at the source, and all progress is kept. */
  record Parked(Course course, Failure why, long deadlineNs) implements SourceState {}

  /** What of the switchover is awaited. */
  enum SwitchoverStep {
    /** The destination verifies and loads. */
    PREPARE,
    /** What differed is sent again. */
    REPAIR,
    /** The guest is given away. */
    SEAL
  }

  /**
   * The guest stands still.
   *
   * @param repairs how often memory was found different
   * @param lost why the destination was lost while the guest was being given away
   */
  record SwitchingOver(
      Course course,
      long epoch,
      PeerId to,
      SwitchoverStep step,
      int repairs,
      long memoryDigest,
      Optional<Failure> lost)
      implements SourceState {
    SwitchingOver with(Course newCourse) {
      return new SwitchingOver(newCourse, epoch, to, step, repairs, memoryDigest, lost);
    }
  }

  /**
   * What was granted.
   *
   * @param witness who votes beside source and destination
   */
  record Grant(long epoch, PeerId to, long memoryDigest, Optional<PeerId> witness) {
    Electorate electorate(PeerId source) {
      return new Electorate(source, to, witness);
    }
  }

  /**
   * The grant is on disk and was sent; its answer is awaited. The guest stands still.
   *
   * @param guestLost whether the stopped guest is gone here, so that it must not be taken back
   */
  record Committing(Course course, Grant grant, boolean guestLost, long sinceNs)
      implements SourceState {}

  /**
   * The grant was sent and no answer came: has the decision made, and asks the destination again,
   * until one of both gives an answer. The guest stands still.
   *
   * @param asking whether an answer of the destination is awaited
   */
  record InDoubt(
      Course course,
      Grant grant,
      Failure why,
      Proposer proposer,
      int ballots,
      long nextTryNs,
      boolean asking)
      implements SourceState {}

  /**
   * It is decided that the destination owns the guest, and the destination has not said yet that
   * the guest runs. The guest stands still here, as a copy that only the owner's renunciation, or
   * the operator, brings back.
   */
  record Committed(Course course, Grant grant, long nextTryNs, boolean asking)
      implements SourceState {}

  /** How a migration ended. */
  sealed interface Result {
    /** The guest runs at {@code owner}. */
    record Completed(PeerId owner) implements Result {}

    /** The operator cancelled; the guest runs at the source. */
    record Cancelled() implements Result {}

    /** It failed; the guest runs at the source. */
    record Failed(Failure failure) implements Result {}
  }

  /** The migration has ended. */
  record Ended(Course course, Result result) implements SourceState {}
}
