package org.dcmigrate.protocol.decision;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;

/**
 * Who decides an attempt.
 *
 * @param witness votes beside source and destination: any two of the three decide. Where there is
 *     none, the source alone votes: its journal decides, and the destination waits for it.
 */
public record Electorate(PeerId source, PeerId destination, Optional<PeerId> witness) {

  /** Everybody who votes, the source first. */
  public List<PeerId> acceptors() {
    List<PeerId> all = new ArrayList<>(List.of(source));
    witness.ifPresent(
        peer -> {
          all.add(destination);
          all.add(peer);
        });
    return List.copyOf(all);
  }

  /** How many votes decide. */
  public int quorum() {
    return acceptors().size() / 2 + 1;
  }

  /** The lowest ballot of this proposer above another. */
  long nextBallot(PeerId proposer, long above) {
    long next = Math.max(above + 1, 1);
    return (next % 2 == 1) == proposer.equals(source) ? next : next + 1;
  }

  /** Why this peer may not ask this, where it may not. */
  public Optional<Failure> objection(PeerId caller, Question question) {
    if (!caller.equals(source) && !caller.equals(destination)) {
      return Optional.of(
          new Failure(
              Reason.IDENTITY_NOT_ADMITTED,
              caller + " is neither the source nor the destination of this attempt"));
    }
    long ballot = question.ballot();
    boolean own = (ballot % 2 == 1) == caller.equals(source);
    if (ballot < 0 || ballot >= Vote.MOST_BALLOTS || !own) {
      return Optional.of(
          new Failure(
              Reason.FIELD_INVALID,
              "ballot must be %s and from 0 to %d, but was %d"
                  .formatted(
                      caller.equals(source) ? "odd" : "even", Vote.MOST_BALLOTS - 1, ballot)));
    }
    boolean granted = question.equals(new Question.Accept(Vote.GRANTED));
    if (ballot == Vote.GRANTED.ballot() && !granted) {
      return Optional.of(
          new Failure(
              Reason.FIELD_INVALID, "ballot 0 only proposes that the destination owns the guest"));
    }
    return Optional.empty();
  }
}
