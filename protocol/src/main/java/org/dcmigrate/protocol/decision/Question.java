package org.dcmigrate.protocol.decision;

/** What a proposer asks an acceptor. */
public sealed interface Question {
  /** The ballot that it is asked in. */
  long ballot();

  /** Promise to accept nothing of a lower ballot, and tell what was accepted last. */
  record Promise(long ballot) implements Question {}

  /** Accept this vote. */
  record Accept(Vote vote) implements Question {
    @Override
    public long ballot() {
      return vote.ballot();
    }
  }
}
