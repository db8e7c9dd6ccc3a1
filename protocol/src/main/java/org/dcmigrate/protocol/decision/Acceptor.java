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

  /** Answers a question, which may come more than once. */
  public Step ask(Question question) {
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
}
