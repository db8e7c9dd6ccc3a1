package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Vote;

/**
 * The state of everything at one moment: a source S, two peers A and B that can be destination, old
 * destination and witness, and what is on its way between them. Pages and time are left out; equal
 * products go on equally.
 *
 * @param calls requests that have not arrived
 * @param casts every vote that was ever cast: what was decided once stays decided
 */
record Product(
    SourcePeer source,
    HolderPeer a,
    HolderPeer b,
    Set<Call> calls,
    Set<Cast> casts,
    Remaining remaining) {
  static final PeerId S = new PeerId("S");
  static final PeerId A = new PeerId("A");
  static final PeerId B = new PeerId("B");

  HolderPeer holder(PeerId id) {
    return id.equals(A) ? a : b;
  }

  boolean alive(PeerId id) {
    return id.equals(S) ? source.alive() : holder(id).alive();
  }

  /** A request under way; {@code orphan}: its caller does not wait for an answer any more. */
  record Call(PeerId from, PeerId to, Message message, boolean orphan) {
    @Override
    public String toString() {
      return Trace.brief(message) + " from " + from + " to " + to + (orphan ? ", orphaned" : "");
    }
  }

  /** A vote on disk. */
  record Cast(long epoch, PeerId acceptor, Vote vote) {}

  /** What one peer knows as an acceptor of an epoch. */
  record Seat(Electorate electorate, Acceptor acceptor) {}

  /** What operators and faults have left to do, and how the operator has resolved. */
  record Remaining(
      boolean begun,
      List<PeerId> redirects,
      int cancels,
      int resolutions,
      int faults,
      Optional<Resolution> resolution) {
    Remaining begin() {
      return new Remaining(true, redirects, cancels, resolutions, faults, resolution);
    }

    Remaining redirected() {
      List<PeerId> others = List.copyOf(redirects.subList(1, redirects.size()));
      return new Remaining(begun, others, cancels, resolutions, faults, resolution);
    }

    Remaining cancelled() {
      return new Remaining(begun, redirects, cancels - 1, resolutions, faults, resolution);
    }

    Remaining resolved(Resolution by) {
      return new Remaining(begun, redirects, cancels, resolutions - 1, faults, Optional.of(by));
    }

    Remaining less(int fewerFaults) {
      return new Remaining(
          begun, redirects, cancels, resolutions, faults - fewerFaults, resolution);
    }
  }

  /** The operator has said at this peer who gets the guest, and the other side is fenced. */
  record Resolution(PeerId at, Choice choice) {
    boolean is(PeerId peer, Choice other) {
      return at.equals(peer) && choice == other;
    }
  }

  /**
   * Pages flow; {@code admitted}: the destination has taken the transfer and told what it holds.
   */
  record Sending(long epoch, PeerId to, List<PeerId> contributors, boolean admitted) {}

  /** What is about to happen at the source: the ends of its own work, and answers of others. */
  sealed interface SourceDue {
    /** An input; {@code ifLost}: what the source hears instead where the answer gets lost. */
    record Input(SourceInput input, Optional<SourceInput> ifLost) implements SourceDue {}

    /** The destination has taken the transfer. */
    record Admitted(long epoch) implements SourceDue {}

    /** The guest is to be sealed. */
    record Seal(long epoch) implements SourceDue {}
  }

  /** What is about to happen at a holder. */
  sealed interface HolderDue {
    /** An input; {@code ifLost} as at the source. */
    record Input(HolderInput input, Optional<HolderInput> ifLost) implements HolderDue {}

    /** The guest is to be set running. */
    record Resume(long epoch) implements HolderDue {}
  }

  /**
   * The peer that the guest leaves. Journal, seats and guest survive a crash.
   *
   * @param state empty before the migration, and while the peer is dead
   * @param order the holders in their order, in which a state with the same set may differ
   */
  record SourcePeer(
      boolean alive,
      Optional<SourceState> state,
      List<PeerId> order,
      List<SourceRecord> journal,
      SortedMap<Long, Seat> seats,
      WorldGuest.Power power,
      boolean mayStop,
      Optional<Sending> sending,
      Set<SourceDue> due) {

    Stream<SourceRecord.Granted> grants() {
      return journal.stream()
          .flatMap(
              record ->
                  record instanceof SourceRecord.Granted granted
                      ? Stream.of(granted)
                      : Stream.empty());
    }
  }

  /** What is here of the guest. */
  enum Guest {
    NONE,
    LOADED,
    RUNNING
  }

  /**
   * A peer that may hold pages. Journal, seats and a loaded or running guest survive a crash.
   *
   * @param journal only what recovery and the rules look at: every Forgot, and the last record
   * @param metadata the batch that waits for its answer
   * @param switchover the newest stream that waits for its answer
   */
  record HolderPeer(
      boolean alive,
      Optional<HolderState> state,
      List<HolderRecord> journal,
      SortedMap<Long, Seat> seats,
      Guest guest,
      Optional<Call> metadata,
      Optional<Call> switchover,
      Set<HolderDue> due) {

    boolean owns() {
      return !journal.isEmpty() && journal.getLast() instanceof HolderRecord.OwnedWith;
    }

    boolean granted() {
      return !journal.isEmpty() && journal.getLast() instanceof HolderRecord.GrantedWith;
    }

    boolean holdsNothing() {
      return state.isEmpty() || state.get() instanceof HolderState.Forgotten;
    }
  }
}
