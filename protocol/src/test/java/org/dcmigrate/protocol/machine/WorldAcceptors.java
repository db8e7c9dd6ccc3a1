package org.dcmigrate.protocol.machine;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.Disk.Seat;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.trace.Transitions;
import org.dcmigrate.protocol.trace.VoterEvent;

/** The votes of one peer. */
final class WorldAcceptors {
  private final World world;
  private final Network.Callee peer;
  private final Consumer<Machines.Write> disk;
  private final TreeMap<Long, Seat> seats = new TreeMap<>();

  /** {@code disk} writes all that the peer knows. */
  WorldAcceptors(World world, Network.Callee peer, Consumer<Machines.Write> disk) {
    this.world = world;
    this.peer = peer;
    this.disk = disk;
  }

  SortedMap<Long, Seat> seats() {
    return Collections.unmodifiableSortedMap(seats);
  }

  /**
   * Takes the seat that a record of the peer's own gives; one that is there stays as it is. Both
   * are one write.
   */
  void seat(long epoch, Electorate electorate, Acceptor acceptor, Machines.Write by) {
    seat(epoch, electorate, acceptor, VoterEvent.SEATED, by);
  }

  private void seat(
      long epoch, Electorate electorate, Acceptor acceptor, VoterEvent event, Machines.Write by) {
    boolean isNew = !seats.containsKey(epoch);
    seats.putIfAbsent(epoch, new Seat(electorate, acceptor));
    disk.accept(by);
    if (isNew) {
      stepped(epoch, Optional.empty(), event);
      acceptor.accepted().ifPresent(vote -> voted(epoch, electorate, vote));
    }
  }

  /** Takes the seat of a witness, unless a newer epoch is known. */
  Reply appoint(long epoch, PeerId source, PeerId destination) {
    if (!seats.isEmpty() && seats.lastKey() > epoch) {
      return new Reply.Refused(new Failure(Reason.EPOCH_STALE, "a newer epoch is witnessed"));
    }
    seat(
        epoch,
        new Electorate(source, destination, Optional.of(peer.id())),
        Acceptor.undecided(),
        VoterEvent.APPOINTED,
        Machines.Write.VOTE);
    return new Reply.Done();
  }

  void dismiss(long epoch, Choice owner) {
    for (long each : List.copyOf(seats.headMap(epoch, true).keySet())) {
      ends(each, owner, VoterEvent.DISMISSED, Machines.Write.VOTE);
    }
  }

  /** The peer's own record says who owns the guest: record and seat are one write. */
  void end(long epoch, Choice owner, Machines.Write by) {
    if (seats.containsKey(epoch) && world.machines().recordsEndSeats()) {
      ends(epoch, owner, VoterEvent.SETTLED, by);
    } else {
      disk.accept(by);
    }
  }

  private void ends(long epoch, Choice owner, VoterEvent event, Machines.Write by) {
    Seat before = seats.get(epoch);
    if (before == null) {
      throw new AssertionError("no seat in epoch " + epoch);
    }
    seats.put(epoch, new Seat(before.electorate(), Acceptor.ended(owner)));
    disk.accept(by);
    stepped(epoch, Optional.of(before.acceptor()), event);
  }

  private void stepped(long epoch, Optional<Acceptor> before, VoterEvent event) {
    Seat seat = Optional.ofNullable(seats.get(epoch)).orElseThrow();
    world.stepped(
        peer, Transitions.voter(epoch, seat.electorate(), before, event, seat.acceptor()));
  }

  /** The peer is dead: what is on disk is left. */
  void crash(SortedMap<Long, Seat> onDisk) {
    seats.clear();
    seats.putAll(onDisk);
  }

  /** The peer is back; a vote that it wrote as it died counts, though nobody has heard it. */
  void recover() {
    seats.forEach(
        (epoch, seat) -> {
          stepped(epoch, Optional.empty(), VoterEvent.RECOVERED);
          if (!seat.acceptor().hasEnded()) {
            seat.acceptor().accepted().ifPresent(vote -> voted(epoch, seat.electorate(), vote));
          }
        });
  }

  boolean hasEnded(long epoch) {
    return Optional.ofNullable(seats.get(epoch)).stream()
        .anyMatch(seat -> seat.acceptor().hasEnded());
  }

  boolean isEmpty() {
    return seats.isEmpty();
  }

  Reply ask(PeerId caller, long epoch, Question question) {
    Optional<Seat> seat = Optional.ofNullable(seats.get(epoch));
    if (seat.isEmpty()) {
      return new Reply.Refused(new Failure(Reason.MIGRATION_UNKNOWN, "no seat"));
    }
    Electorate electorate = seat.get().electorate();
    Optional<Failure> objection = electorate.objection(caller, question);
    if (objection.isPresent()) {
      throw new AssertionError("a peer breaks the rules: " + objection.get().sentence());
    }
    Acceptor.Step step = world.machines().vote(caller, seat.get().acceptor(), question);
    seats.put(epoch, new Seat(electorate, step.next()));
    disk.accept(Machines.Write.VOTE);
    stepped(epoch, Optional.of(seat.get().acceptor()), VoterEvent.of(question));
    if (step.answer() instanceof Answer.Accepted && question instanceof Question.Accept accept) {
      voted(epoch, electorate, accept.vote());
    }
    return new Reply.Voted(step.answer());
  }

  private void voted(long epoch, Electorate electorate, Vote vote) {
    world.invariants().voted(epoch, electorate, peer.id(), vote);
  }
}
