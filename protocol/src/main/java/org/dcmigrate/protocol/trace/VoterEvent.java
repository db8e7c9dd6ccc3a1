package org.dcmigrate.protocol.trace;

import org.dcmigrate.protocol.decision.Question;

/** What happens to a seat of a voter. */
public enum VoterEvent {
  /** The source has made a grant, or a destination has taken it. */
  SEATED("Seated", "DCM-DEC-002", false),
  /** The source has made this peer a witness. */
  APPOINTED("Appointed", "DCM-DEC-005", true),
  /** Somebody asks for a promise. */
  PROMISE("Promise", "DCM-DEC-003", true),
  /** Somebody asks for a vote. */
  ACCEPT("Accept", "DCM-DEC-003", true),
  /** The source tells a witness who owns the guest. */
  DISMISSED("Dismissed", "DCM-DEC-013", true),
  /** A record of source or destination itself says who owns the guest. */
  SETTLED("Settled", "DCM-DEC-017", true),
  /** The seat is taken up again from the journal. */
  RECOVERED(Transition.RECOVERED, "DCM-REC-001", false);

  private final String text;
  private final String clause;
  private final boolean writesSeat;

  VoterEvent(String text, String clause, boolean writesSeat) {
    this.text = text;
    this.clause = clause;
    this.writesSeat = writesSeat;
  }

  /** The event of a question. */
  public static VoterEvent of(Question question) {
    return question instanceof Question.Promise ? PROMISE : ACCEPT;
  }

  /** As events name it. */
  public String text() {
    return text;
  }

  String clause() {
    return clause;
  }

  /** Seats of source and destination follow from their own records until the first vote. */
  boolean writesSeat() {
    return writesSeat;
  }
}
