package org.dcmigrate.protocol.decision;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;

/** What one voter answers, what one proposer makes of answers, and who may ask. */
class DecisionTest {
  private static final PeerId S = new PeerId("S");
  private static final PeerId N = new PeerId("N");
  private static final PeerId W = new PeerId("W");
  private static final Electorate THREE = new Electorate(S, N, Optional.of(W));
  private static final Electorate ALONE = new Electorate(S, N, Optional.empty());

  @Test
  void aPromiseShutsLowerBallotsOut() {
    Acceptor promised = Acceptor.undecided().ask(new Question.Promise(3)).next();
    assertThat(promised.ask(new Question.Accept(Vote.GRANTED)))
        .isEqualTo(new Acceptor.Step(promised, new Answer.Refused(0, 3)));
    assertThat(promised.ask(new Question.Promise(2)).answer()).isEqualTo(new Answer.Refused(2, 3));
    assertThat(promised.ask(new Question.Promise(3)).answer())
        .isEqualTo(new Answer.Promised(3, Optional.empty()));
    Vote higher = new Vote(4, Choice.DESTINATION);
    Acceptor accepted = promised.ask(new Question.Accept(higher)).next();
    assertThat(accepted).isEqualTo(new Acceptor(4, Optional.of(higher)));
    assertThat(accepted.ask(new Question.Promise(5)).answer())
        .isEqualTo(new Answer.Promised(5, Optional.of(higher)));
  }

  @Test
  void aWitnessThatWasToldTheOwnerVotesForNobodyElse() {
    Acceptor ended = Acceptor.ended(Choice.SOURCE);
    assertThat(ended.ask(new Question.Accept(Vote.GRANTED)))
        .isEqualTo(new Acceptor.Step(ended, new Answer.Refused(0, 1)));
    Proposer destination = Proposer.granted(THREE).answered(W, new Answer.Refused(0, 1)).next();
    destination =
        destination
            .answered(N, new Answer.Promised(2, Optional.of(Vote.GRANTED)))
            .answered(W, ended.ask(new Question.Promise(2)).answer());
    assertThat(destination.vote()).contains(new Vote(2, Choice.SOURCE));
    Answer vote = ended.ask(new Question.Accept(new Vote(2, Choice.SOURCE))).answer();
    destination = destination.answered(N, new Answer.Accepted(2)).answered(W, vote);
    assertThat(destination.decided()).contains(Choice.SOURCE);
  }

  @Test
  void theGrantNeedsOneVoteBesideTheDestinations() {
    Proposer proposer = Proposer.granted(THREE);
    assertThat(proposer.decided()).isEmpty();
    assertThat(proposer.questions().keySet()).containsExactly(S, W);
    assertThat(proposer.answered(N, new Answer.Accepted(0)).decided()).isEmpty();
    assertThat(proposer.answered(W, new Answer.Accepted(0)).decided()).contains(Choice.DESTINATION);
  }

  @Test
  void withoutAWitnessOnlyTheSourceVotes() {
    Proposer destination = Proposer.granted(ALONE);
    assertThat(destination.questions()).isEqualTo(Map.of(S, new Question.Accept(Vote.GRANTED)));
    assertThat(destination.answered(N, new Answer.Accepted(0)).decided()).isEmpty();
    assertThat(destination.answered(S, new Answer.Accepted(0)).decided())
        .contains(Choice.DESTINATION);
    Proposer source = Proposer.recovering(ALONE, Choice.SOURCE);
    source = source.answered(S, new Answer.Promised(1, Optional.empty()));
    assertThat(source.answered(S, new Answer.Accepted(1)).decided()).contains(Choice.SOURCE);
  }

  @Test
  void theHighestAcceptedChoiceBindsTheNextBallot() {
    Proposer source = Proposer.recovering(THREE, Choice.SOURCE);
    Proposer bound =
        source
            .answered(S, new Answer.Promised(1, Optional.empty()))
            .answered(W, new Answer.Promised(1, Optional.of(Vote.GRANTED)));
    assertThat(bound.vote()).contains(new Vote(1, Choice.DESTINATION));
    Proposer free =
        source
            .answered(S, new Answer.Promised(1, Optional.empty()))
            .answered(W, new Answer.Promised(1, Optional.empty()));
    assertThat(free.vote()).contains(new Vote(1, Choice.SOURCE));
    Proposer lost =
        Proposer.recovering(THREE, Choice.DESTINATION)
            .answered(S, new Answer.Promised(1, Optional.empty()))
            .answered(W, new Answer.Promised(1, Optional.empty()));
    assertThat(lost.vote()).contains(new Vote(1, Choice.DESTINATION));
  }

  @Test
  void nobodyElseIsAskedBeforeTheOwnAcceptorHasAgreed() {
    Proposer first = Proposer.recovering(THREE, Choice.SOURCE);
    assertThat(first.questions().keySet()).containsExactly(S);
    assertThat(first.answered(S, new Answer.Refused(1, 2)).questions().keySet()).containsExactly(S);
    Proposer promised = first.answered(S, new Answer.Promised(1, Optional.empty()));
    assertThat(promised.asksMoreThan(first)).isTrue();
    assertThat(promised.questions().keySet()).containsExactly(N, W);
    Proposer second = promised.answered(N, new Answer.Promised(1, Optional.empty()));
    assertThat(second.questions().keySet()).containsExactly(S);
    Proposer voted = second.answered(S, new Answer.Accepted(1));
    assertThat(voted.questions().keySet()).containsExactly(N, W);
    assertThat(voted.answered(N, new Answer.Refused(1, 2)).asksMoreThan(voted)).isFalse();
  }

  @Test
  void aProposerWaitsForItsOwnPromiseSinceItMayHaveProposedBefore() {
    Vote before = new Vote(1, Choice.SOURCE);
    Proposer restarted =
        Proposer.recovering(THREE, Choice.SOURCE)
            .answered(N, new Answer.Promised(1, Optional.of(Vote.GRANTED)))
            .answered(W, new Answer.Promised(1, Optional.empty()));
    assertThat(restarted.vote()).isEmpty();
    assertThat(restarted.answered(S, new Answer.Promised(1, Optional.of(before))).vote())
        .contains(before);
  }

  @Test
  void whoIsOutbidTakesTheNextBallotOfItsOwn() {
    Proposer source = Proposer.recovering(THREE, Choice.SOURCE);
    assertThat(source.ballot()).isEqualTo(1);
    assertThat(source.refused()).isFalse();
    Proposer outbid = source.answered(W, new Answer.Refused(1, 6));
    assertThat(outbid.refused()).isTrue();
    assertThat(outbid.next().ballot()).isEqualTo(7);
    assertThat(Proposer.granted(THREE).answered(S, new Answer.Refused(0, 7)).next().ballot())
        .isEqualTo(8);
  }

  @Test
  void answersToOtherBallotsAndOfStrangersCountForNothing() {
    Proposer proposer = Proposer.granted(THREE);
    for (Answer answer :
        List.of(
            new Answer.Accepted(2),
            new Answer.Promised(0, Optional.empty()),
            new Answer.Refused(2, 9))) {
      assertThat(proposer.answered(S, answer)).isEqualTo(proposer);
    }
    assertThat(proposer.answered(new PeerId("X"), new Answer.Accepted(0))).isEqualTo(proposer);
  }

  @Test
  void onlySourceAndDestinationAskAndOnlyInTheirOwnBallots() {
    Question granted = new Question.Accept(Vote.GRANTED);
    assertThat(THREE.objection(N, granted)).isEmpty();
    assertThat(THREE.objection(S, new Question.Promise(1))).isEmpty();
    refused(W, new Question.Promise(1), Reason.IDENTITY_NOT_ADMITTED);
    refused(S, granted, Reason.FIELD_INVALID);
    refused(S, new Question.Promise(2), Reason.FIELD_INVALID);
    refused(N, new Question.Promise(1), Reason.FIELD_INVALID);
    refused(N, new Question.Promise(0), Reason.FIELD_INVALID);
    refused(N, new Question.Promise(-2), Reason.FIELD_INVALID);
    refused(N, new Question.Promise(Vote.MOST_BALLOTS), Reason.FIELD_INVALID);
    refused(N, new Question.Accept(new Vote(0, Choice.SOURCE)), Reason.FIELD_INVALID);
  }

  private static void refused(PeerId caller, Question question, Reason reason) {
    assertThat(THREE.objection(caller, question).orElseThrow().reason()).isEqualTo(reason);
  }
}
