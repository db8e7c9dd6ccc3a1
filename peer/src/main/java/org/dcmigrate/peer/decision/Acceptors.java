package org.dcmigrate.peer.decision;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.trace.Trace;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.trace.Transitions;
import org.dcmigrate.protocol.trace.VoterEvent;

/**
 * The attempts that this peer votes on. A vote is on disk before it is answered. The seats of
 * source and destination follow from their own records and are written with their first vote; that
 * of a witness is written when it is appointed.
 */
public final class Acceptors {
  private final PeerId self;
  private final Journal journal;
  private final int limit;
  private final int limitOfASource;
  private final Trace trace;
  private final Map<Attempt, Journal.Seat> seats = new HashMap<>();

  /**
   * Votes of this peer.
   *
   * @param limit how many seats it has open as a witness, at most; its own as source and
   *     destination do not count
   * @param limitOfASource how many of them for one source
   */
  public Acceptors(PeerId self, Journal journal, int limit, int limitOfASource, Trace trace) {
    this.self = self;
    this.journal = journal;
    this.limit = limit;
    this.limitOfASource = limitOfASource;
    this.trace = trace;
  }

  /** Takes up what the journal knows, before anything is served. */
  public synchronized void recover() throws DcmException {
    for (Journal.Seat seat : journal.seats()) {
      take(seat, Optional.empty(), VoterEvent.RECOVERED);
    }
  }

  /** Takes the seat of source or destination; one that is there stays as it is. */
  public synchronized void sit(Attempt attempt, Electorate electorate, Acceptor acceptor) {
    if (!seats.containsKey(attempt)) {
      take(new Journal.Seat(attempt, electorate, acceptor), Optional.empty(), VoterEvent.SEATED);
    }
  }

  /**
   * Ends this peer's own seat by a record that says who owns the guest. Nobody is answered before
   * both are on disk, and they get there together: a vote given after the record could make the
   * other side an owner, too.
   *
   * @param write puts the record, and the seat where there is one, on disk in one write
   */
  public synchronized void end(
      Attempt attempt, Choice owner, Consumer<Optional<Journal.Seat>> write) {
    Optional<Journal.Seat> seat = Optional.ofNullable(seats.get(attempt));
    Optional<Journal.Seat> ended =
        seat.map(s -> new Journal.Seat(attempt, s.electorate(), Acceptor.ended(owner)));
    write.accept(ended);
    ended.ifPresent(now -> take(now, seat.map(Journal.Seat::acceptor), VoterEvent.SETTLED));
  }

  /**
   * Takes the seat of a witness; on disk when this returns.
   *
   * @throws DcmException EPOCH_STALE, ALREADY_OPEN, FIELD_INVALID or LIMIT_EXCEEDED
   */
  public synchronized void appoint(Attempt attempt, PeerId source, PeerId destination)
      throws DcmException {
    if (destination.equals(self) || destination.equals(source)) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "destination must be another peer than the source and the witness, but was "
              + destination);
    }
    Electorate electorate = new Electorate(source, destination, Optional.of(self));
    List<Journal.Seat> others =
        seats.values().stream()
            .filter(seat -> seat.attempt().migration().equals(attempt.migration()))
            .toList();
    for (Journal.Seat other : others) {
      checkAgainst(other, attempt, electorate);
    }
    if (seats.containsKey(attempt)) {
      return;
    }
    checkLimits(source);
    Journal.Seat seat = new Journal.Seat(attempt, electorate, Acceptor.undecided());
    journal.putSeat(seat, VoterEvent.APPOINTED.text());
    take(seat, Optional.empty(), VoterEvent.APPOINTED);
  }

  private void checkLimits(PeerId source) throws DcmException {
    List<Journal.Seat> open =
        seats.values().stream()
            .filter(seat -> seat.electorate().witness().equals(Optional.of(self)))
            .filter(seat -> !seat.acceptor().hasEnded())
            .toList();
    if (open.size() >= limit) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "this peer is witness of %d attempts, as many as it may; name another witness"
              .formatted(open.size()));
    }
    long ofSource = open.stream().filter(seat -> seat.electorate().source().equals(source)).count();
    if (ofSource >= limitOfASource) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "this peer is witness of %d attempts of %s, as many as it may; name another witness"
              .formatted(ofSource, source));
    }
  }

  private static void checkAgainst(Journal.Seat other, Attempt attempt, Electorate electorate)
      throws DcmException {
    if (!other.electorate().source().equals(electorate.source())) {
      throw new DcmException(
          Reason.IDENTITY_NOT_ADMITTED,
          "%s is not the source of migration %s"
              .formatted(electorate.source(), attempt.migration()));
    }
    if (other.attempt().epoch() > attempt.epoch()) {
      throw new DcmException(
          Reason.EPOCH_STALE,
          "epoch %d is over; this peer votes on epoch %d of the migration"
              .formatted(attempt.epoch(), other.attempt().epoch()));
    }
    if (other.attempt().equals(attempt) && !other.electorate().equals(electorate)) {
      throw new DcmException(
          Reason.ALREADY_OPEN,
          "this peer votes on epoch %d with another destination".formatted(attempt.epoch()));
    }
  }

  /**
   * Ends the seats of a migration up to an epoch: from here on they vote for the owner only.
   *
   * @throws DcmException IDENTITY_NOT_ADMITTED for anybody but the migration's source
   */
  public synchronized void dismiss(Attempt attempt, Choice owner, PeerId caller)
      throws DcmException {
    List<Journal.Seat> leaving =
        seats.values().stream()
            .filter(seat -> seat.attempt().migration().equals(attempt.migration()))
            .filter(seat -> seat.attempt().epoch() <= attempt.epoch())
            .filter(seat -> seat.electorate().witness().equals(Optional.of(self)))
            .toList();
    for (Journal.Seat seat : leaving) {
      if (!seat.electorate().source().equals(caller)) {
        throw new DcmException(
            Reason.IDENTITY_NOT_ADMITTED,
            "%s is not the source of migration %s".formatted(caller, attempt.migration()));
      }
    }
    for (Journal.Seat seat : leaving) {
      Journal.Seat ended =
          new Journal.Seat(seat.attempt(), seat.electorate(), Acceptor.ended(owner));
      journal.putSeat(ended, VoterEvent.DISMISSED.text());
      take(ended, Optional.of(seat.acceptor()), VoterEvent.DISMISSED);
    }
  }

  /**
   * Votes; what changed is on disk when this returns.
   *
   * @throws DcmException MIGRATION_UNKNOWN, IDENTITY_NOT_ADMITTED or FIELD_INVALID
   */
  public synchronized Answer ask(PeerId caller, Attempt attempt, Question question)
      throws DcmException {
    Journal.Seat seat =
        Optional.ofNullable(seats.get(attempt))
            .orElseThrow(
                () ->
                    new DcmException(
                        Reason.MIGRATION_UNKNOWN,
                        "this peer does not vote on epoch %d of migration %s"
                            .formatted(attempt.epoch(), attempt.migration())));
    Optional<Failure> objection = seat.electorate().objection(caller, question);
    if (objection.isPresent()) {
      throw objection.get().exception();
    }
    Acceptor.Step step = seat.acceptor().ask(question);
    if (!step.next().equals(seat.acceptor())) {
      Journal.Seat changed = new Journal.Seat(attempt, seat.electorate(), step.next());
      VoterEvent event = VoterEvent.of(question);
      journal.putSeat(changed, event.text());
      take(changed, Optional.of(seat.acceptor()), event);
    }
    return step.answer();
  }

  /** What is on disk, or follows from other records, is in force and told of. */
  private void take(Journal.Seat seat, Optional<Acceptor> before, VoterEvent event) {
    seats.put(seat.attempt(), seat);
    trace.stepped(
        seat.attempt().migration(),
        Transitions.voter(
            seat.attempt().epoch(), seat.electorate(), before, event, seat.acceptor()));
  }
}
