package org.dcmigrate.protocol.wire;

import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.PromiseResponse;

/** Between the messages of the commit decision and its records; what is out of range is refused. */
public final class DecisionWire {
  private DecisionWire() {}

  /** A choice as it travels. */
  public static org.dcmigrate.v1.Choice choice(Choice choice) {
    return switch (choice) {
      case SOURCE -> org.dcmigrate.v1.Choice.CHOICE_SOURCE;
      case DESTINATION -> org.dcmigrate.v1.Choice.CHOICE_DESTINATION;
    };
  }

  /**
   * A choice that came.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static Choice choice(org.dcmigrate.v1.Choice choice) throws DcmException {
    return switch (choice) {
      case CHOICE_SOURCE -> Choice.SOURCE;
      case CHOICE_DESTINATION -> Choice.DESTINATION;
      case CHOICE_UNSPECIFIED, UNRECOGNIZED ->
          throw new DcmException(
              Reason.FIELD_INVALID,
              "choice must be CHOICE_SOURCE or CHOICE_DESTINATION, but was " + choice);
    };
  }

  /** A vote as it travels. */
  public static org.dcmigrate.v1.Vote vote(Vote vote) {
    return org.dcmigrate.v1.Vote.newBuilder()
        .setBallot(vote.ballot())
        .setChoice(choice(vote.choice()))
        .build();
  }

  /**
   * A vote that came.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static Vote vote(org.dcmigrate.v1.Vote vote) throws DcmException {
    return new Vote(ballot(vote.getBallot()), choice(vote.getChoice()));
  }

  /**
   * A ballot number that came.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static long ballot(long ballot) throws DcmException {
    if (ballot < 0 || ballot > Vote.MOST_BALLOTS) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "ballot must be from 0 to %d, but was %s"
              .formatted(Vote.MOST_BALLOTS, Long.toUnsignedString(ballot)));
    }
    return ballot;
  }

  /** An acceptor's answer to the first phase, as it travels. */
  public static PromiseResponse promiseResponse(Answer answer) {
    PromiseResponse.Builder response = PromiseResponse.newBuilder();
    switch (answer) {
      case Answer.Promised promised -> {
        response.setPromisedBallot(promised.ballot());
        promised.accepted().ifPresent(vote -> response.setAccepted(vote(vote)));
      }
      case Answer.Refused refused -> response.setPromisedBallot(refused.promised());
      case Answer.Accepted odd -> throw new AssertionError("no answer to a first phase: " + odd);
    }
    return response.build();
  }

  /**
   * An acceptor's answer to the first phase of a ballot.
   *
   * @throws DcmException FIELD_INVALID when it cannot be one
   */
  public static Answer answer(long ballot, PromiseResponse response) throws DcmException {
    long promised = ballot(response.getPromisedBallot());
    if (promised > ballot) {
      return new Answer.Refused(ballot, promised);
    }
    requireAnswerTo(ballot, promised);
    return new Answer.Promised(
        ballot,
        response.hasAccepted() ? Optional.of(vote(response.getAccepted())) : Optional.empty());
  }

  /** An acceptor's answer to the second phase, as it travels. */
  public static AcceptResponse acceptResponse(Answer answer) {
    AcceptResponse.Builder response = AcceptResponse.newBuilder();
    switch (answer) {
      case Answer.Accepted accepted -> response.setPromisedBallot(accepted.ballot());
      case Answer.Refused refused -> response.setPromisedBallot(refused.promised());
      case Answer.Promised odd -> throw new AssertionError("no answer to a second phase: " + odd);
    }
    return response.build();
  }

  /**
   * An acceptor's answer to the second phase of a ballot.
   *
   * @throws DcmException FIELD_INVALID when it cannot be one
   */
  public static Answer answer(long ballot, AcceptResponse response) throws DcmException {
    long promised = ballot(response.getPromisedBallot());
    if (promised > ballot) {
      return new Answer.Refused(ballot, promised);
    }
    requireAnswerTo(ballot, promised);
    return new Answer.Accepted(ballot);
  }

  private static void requireAnswerTo(long ballot, long promised) throws DcmException {
    if (promised < ballot) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "an acceptor asked in ballot %d answered with the lower one %d"
              .formatted(ballot, promised));
    }
  }
}
