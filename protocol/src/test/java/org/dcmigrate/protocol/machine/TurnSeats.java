package org.dcmigrate.protocol.machine;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.Product.Seat;

/** The votes of one peer in a turn. They are on disk at once. */
final class TurnSeats {
  private final Turn turn;
  private final PeerId self;
  private SortedMap<Long, Seat> seats;

  TurnSeats(Turn turn, PeerId self, SortedMap<Long, Seat> seats) {
    this.turn = turn;
    this.self = self;
    this.seats = seats;
  }

  SortedMap<Long, Seat> seats() {
    return seats;
  }

  /** Takes a seat; one that is there stays as it is. */
  void seat(long epoch, Electorate electorate, Acceptor acceptor) {
    if (!seats.containsKey(epoch)) {
      put(epoch, new Seat(electorate, acceptor));
      acceptor.accepted().ifPresent(vote -> turn.voted(epoch, self, vote));
    }
  }

  /** Takes the seat of a witness, unless a newer epoch is known. */
  Reply appoint(long epoch, PeerId source, PeerId destination) {
    if (!seats.isEmpty() && seats.lastKey() > epoch) {
      return new Reply.Refused(new Failure(Reason.EPOCH_STALE, "a newer epoch is witnessed"));
    }
    seat(epoch, new Electorate(source, destination, Optional.of(self)), Acceptor.undecided());
    return new Reply.Done();
  }

  void dismiss(long epoch, Choice owner) {
    TreeMap<Long, Seat> changed = new TreeMap<>(seats);
    changed
        .headMap(epoch, true)
        .replaceAll((e, seat) -> new Seat(seat.electorate(), Acceptor.ended(owner)));
    seats = Collections.unmodifiableSortedMap(changed);
  }

  /** The peer's own record says who owns the guest. */
  void end(long epoch, Choice owner) {
    Optional.ofNullable(seats.get(epoch))
        .filter(seat -> turn.machines().recordsEndSeats())
        .ifPresent(seat -> put(epoch, new Seat(seat.electorate(), Acceptor.ended(owner))));
  }

  /** Whether a message changes nothing here, now or later. */
  boolean ignoreForEver(Message message) {
    return switch (message) {
      case Message.Ballot ballot -> hasEnded(ballot.epoch());
      case Message.Appoint appoint -> !seats.isEmpty() && seats.lastKey() >= appoint.epoch();
      case Message.Dismiss dismiss ->
          !seats.isEmpty()
              && seats.lastKey() >= dismiss.epoch()
              && seats.headMap(dismiss.epoch() + 1).keySet().stream().allMatch(this::hasEnded);
      case Message.Control control -> false;
      case Message.Chunk chunk -> false;
    };
  }

  private boolean hasEnded(long epoch) {
    return Optional.ofNullable(seats.get(epoch)).stream()
        .anyMatch(seat -> seat.acceptor().hasEnded());
  }

  Reply ask(PeerId caller, long epoch, Question question) {
    Optional<Seat> seat = Optional.ofNullable(seats.get(epoch));
    if (seat.isEmpty()) {
      return new Reply.Refused(new Failure(Reason.MIGRATION_UNKNOWN, "no seat"));
    }
    Optional<Failure> objection = seat.get().electorate().objection(caller, question);
    Invariants.require(objection.isEmpty(), "a peer asks what it may not: " + objection);
    Acceptor.Step step = turn.machines().vote(caller, seat.get().acceptor(), question);
    put(epoch, new Seat(seat.get().electorate(), step.next()));
    if (step.answer() instanceof Answer.Accepted && question instanceof Question.Accept accept) {
      turn.voted(epoch, self, accept.vote());
    }
    return new Reply.Voted(step.answer());
  }

  private void put(long epoch, Seat seat) {
    TreeMap<Long, Seat> changed = new TreeMap<>(seats);
    changed.put(epoch, seat);
    seats = Collections.unmodifiableSortedMap(changed);
  }
}
