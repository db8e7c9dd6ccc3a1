package org.dcmigrate.protocol.machine;

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

/** The votes of one peer. They are on its disk, and survive it. */
final class WorldAcceptors {
  private record Seat(Electorate electorate, Acceptor acceptor) {}

  private final World world;
  private final PeerId self;
  private final TreeMap<Long, Seat> seats = new TreeMap<>();
  private final TreeMap<Long, Seat> unsynced = new TreeMap<>();

  WorldAcceptors(World world, PeerId self) {
    this.world = world;
    this.self = self;
  }

  /** Takes a seat; one that is there stays as it is. */
  void seat(long epoch, Electorate electorate, Acceptor acceptor) {
    if (seats.putIfAbsent(epoch, new Seat(electorate, acceptor)) == null) {
      acceptor.accepted().ifPresent(vote -> voted(epoch, electorate, vote));
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
    seats
        .headMap(epoch, true)
        .replaceAll((e, seat) -> new Seat(seat.electorate(), Acceptor.ended(owner)));
  }

  /** What is not on disk is lost. */
  void crash() {
    seats.putAll(unsynced);
    unsynced.clear();
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
    seats.put(epoch, new Seat(electorate, step.next()));
    if (step.answer() instanceof Answer.Accepted && question instanceof Question.Accept accept) {
      voted(epoch, electorate, accept.vote());
    }
    return new Reply.Voted(step.answer());
  }

  private void voted(long epoch, Electorate electorate, Vote vote) {
    world.invariants().voted(epoch, electorate, self, vote);
  }
}
