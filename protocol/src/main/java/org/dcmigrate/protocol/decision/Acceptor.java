package org.dcmigrate.protocol.decision;

import java.util.Optional;

/**
 * One peer's part in the decision of one attempt.
 *
 * @param promised the highest ballot promised or accepted in, -1 for none
 * @param accepted what was accepted last
 */
public record Acceptor(long promised, Optional<Vote> accepted) {
  /**
   * The answer, and the acceptor afterwards: where it changed, on disk before the answer leaves.
   */
  public record Step(Acceptor next, Answer answer) {}

  /**
   * One that has neither promised nor accepted. The source begins so although it has made the
   * grant: had it accepted its own grant, it could not take the guest back from a dead destination.
   */
  public static Acceptor undecided() {
    return new Acceptor(-1, Optional.empty());
  }

  /** That of a destination that has taken the grant. */
  public static Acceptor granted() {
    return new Acceptor(Vote.GRANTED.ballot(), Optional.of(Vote.GRANTED));
  }

  /**
   * That of a witness which was told who owns the guest. It votes for nothing else any more, so
   * that nobody who comes late, or was appointed twice, finds it undecided.
   */
  public static Acceptor ended(Choice owner) {
    return new Acceptor(Vote.MOST_BALLOTS, Optional.of(new Vote(Vote.MOST_BALLOTS, owner)));
  }

  /** Whether it was told who owns the guest. */
  public boolean hasEnded() {
    return promised == Vote.MOST_BALLOTS;
  }

  /** Answers a question, which may come more than once. */
  public Step ask(Question question) {
    if (hasEnded()) {
      return new Step(this, afterTheEnd(question));
    }
    return switch (question) {
      case Question.Promise promise when promise.ballot() >= promised ->
          new Step(
              new Acceptor(promise.ballot(), accepted),
              new Answer.Promised(promise.ballot(), accepted));
      case Question.Accept accept when accept.ballot() >= promised ->
          new Step(
              new Acceptor(accept.ballot(), Optional.of(accept.vote())),
              new Answer.Accepted(accept.ballot()));
      case Question.Promise late -> new Step(this, new Answer.Refused(late.ballot(), promised));
      case Question.Accept late -> new Step(this, new Answer.Refused(late.ballot(), promised));
    };
  }

  private Answer afterTheEnd(Question question) {
    return switch (question) {
      case Question.Promise promise -> new Answer.Promised(promise.ballot(), accepted);
      case Question.Accept accept
          when accepted.stream().anyMatch(vote -> vote.choice() == accept.vote().choice()) ->
          new Answer.Accepted(accept.ballot());
      // As if outbid: the next ballot asks first, and is told who owns the guest.
      case Question.Accept late -> new Answer.Refused(late.ballot(), late.ballot() + 1);
    };
  }
}
