package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.trace.Transitions;
import org.dcmigrate.protocol.trace.VoterEvent;

/** The votes of one peer. They are on its disk, and survive it. */
final class WorldAcceptors {
  private record Seat(Electorate electorate, Acceptor acceptor) {}

  private final World world;
  private final Network.Callee peer;
  private final TreeMap<Long, Seat> seats = new TreeMap<>();
  private final TreeMap<Long, Seat> unsynced = new TreeMap<>();

  WorldAcceptors(World world, Network.Callee peer) {
    this.world = world;
    this.peer = peer;
  }

  /** Takes a seat; one that is there stays as it is. */
  void seat(long epoch, Electorate electorate, Acceptor acceptor) {
    seat(epoch, electorate, acceptor, VoterEvent.SEATED);
  }

  private void seat(long epoch, Electorate electorate, Acceptor acceptor, VoterEvent event) {
    if (!seats.containsKey(epoch)) {
      take(epoch, Optional.empty(), new Seat(electorate, acceptor), event);
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
        VoterEvent.APPOINTED);
    return new Reply.Done();
  }

  void dismiss(long epoch, Choice owner) {
    List.copyOf(seats.headMap(epoch, true).entrySet())
        .forEach(
            entry ->
                take(
                    entry.getKey(),
                    Optional.of(entry.getValue().acceptor()),
                    new Seat(entry.getValue().electorate(), Acceptor.ended(owner)),
                    VoterEvent.DISMISSED));
  }

  /** The peer's own record says who owns the guest. */
  void end(long epoch, Choice owner) {
    Optional.ofNullable(seats.get(epoch))
        .filter(seat -> world.machines().recordsEndSeats())
        .ifPresent(
            seat ->
                take(
                    epoch,
                    Optional.of(seat.acceptor()),
                    new Seat(seat.electorate(), Acceptor.ended(owner)),
                    VoterEvent.SETTLED));
  }

  private void take(long epoch, Optional<Acceptor> before, Seat seat, VoterEvent event) {
    seats.put(epoch, seat);
    world.stepped(
        peer, Transitions.voter(epoch, seat.electorate(), before, event, seat.acceptor()));
  }

  /** The peer is back. */
  void recover() {
    seats.forEach((epoch, seat) -> take(epoch, Optional.empty(), seat, VoterEvent.RECOVERED));
  }

  /** What is not on disk is lost. */
  void crash() {
    seats.putAll(unsynced);
    unsynced.clear();
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
    if (!world.machines().votesAreSynced()) {
      unsynced.put(epoch, seat.get());
    }
    take(
        epoch,
        Optional.of(seat.get().acceptor()),
        new Seat(electorate, step.next()),
        VoterEvent.of(question));
    if (step.answer() instanceof Answer.Accepted && question instanceof Question.Accept accept) {
      voted(epoch, electorate, accept.vote());
    }
    return new Reply.Voted(step.answer());
  }

  private void voted(long epoch, Electorate electorate, Vote vote) {
    world.invariants().voted(epoch, electorate, peer.id(), vote);
  }
}
