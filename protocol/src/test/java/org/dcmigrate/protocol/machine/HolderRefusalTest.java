package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.machine.HolderState.Contributor;
import org.dcmigrate.protocol.machine.HolderState.Deciding;
import org.dcmigrate.protocol.machine.HolderState.Destination;
import org.dcmigrate.protocol.machine.HolderState.Forgotten;
import org.dcmigrate.protocol.machine.HolderState.Opened;
import org.dcmigrate.protocol.machine.HolderState.Owned;
import org.dcmigrate.protocol.machine.HolderState.Prepared;
import org.dcmigrate.protocol.machine.HolderState.Preparing;
import org.dcmigrate.protocol.machine.HolderState.Receiving;
import org.dcmigrate.protocol.machine.HolderState.Resumption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a holder refuses: its state does not change, and the reason is the right one. */
class HolderRefusalTest {
  private static final long EPOCH = 5;
  private static final long DIGEST = 42;
  private static final PeerId S = new PeerId("S");
  private static final PeerId A = new PeerId("A");
  private static final Electorate ELECTORATE = new Electorate(S, new PeerId("B"), Optional.of(A));
  private static final PeerId STRANGER = new PeerId("X");
  private static final Failure WHY = new Failure(Reason.ATTEMPT_DISCARDED, "forgotten");

  static List<HolderState> states() {
    return List.of(
        new Opened(EPOCH, S, List.of(A), false),
        new Opened(EPOCH, S, List.of(A), true),
        new Receiving(EPOCH, S, List.of(A)),
        new Preparing(EPOCH, S, List.of(A), DIGEST, false),
        new Preparing(EPOCH, S, List.of(A), DIGEST, true),
        new Prepared(EPOCH, DIGEST),
        new HolderState.Deciding(EPOCH, DIGEST, Proposer.granted(ELECTORATE), true, 0),
        new Owned(EPOCH, DIGEST, Resumption.UNDER_WAY),
        new Owned(EPOCH, DIGEST, Resumption.FAILED),
        new Owned(EPOCH, DIGEST, Resumption.DONE),
        new HolderState.Detached(EPOCH, A),
        new HolderState.Relaying(EPOCH, A),
        new HolderState.Drained(EPOCH, A),
        new HolderState.RelayFailed(EPOCH, A, WHY),
        new Forgotten(EPOCH, WHY));
  }

  private static List<HolderInput> requests(long epoch) {
    return List.of(
        new HolderInput.OpenAsked(epoch, S, List.of()),
        new HolderInput.MetadataArrived(epoch),
        new HolderInput.TransferAsked(epoch, S),
        new HolderInput.InventoryAsked(epoch),
        new HolderInput.PrepareArrived(epoch, DIGEST),
        new HolderInput.CommitArrived(epoch, DIGEST, ELECTORATE),
        new HolderInput.DetachAsked(epoch, A),
        new HolderInput.RelayAsked(epoch),
        new HolderInput.SkipAsked(epoch),
        new HolderInput.ForgetAsked(epoch),
        new HolderInput.StatusAsked(epoch));
  }

  private static List<HolderInput> ownAnswers(long epoch) {
    return List.of(
        new HolderInput.ShellReady(epoch),
        new HolderInput.ShellFailed(epoch, WHY),
        new HolderInput.Verified(epoch, true),
        new HolderInput.Loaded(epoch),
        new HolderInput.LoadFailed(epoch, WHY),
        new HolderInput.Resumed(epoch),
        new HolderInput.ResumeFailed(epoch, WHY, false),
        new HolderInput.RelayFinished(epoch),
        new HolderInput.RelayBroke(epoch, WHY));
  }

  static Stream<Arguments> statesAndRequests() {
    return states().stream()
        .flatMap(state -> requests(EPOCH).stream().map(request -> Arguments.of(state, request)));
  }

  @ParameterizedTest
  @MethodSource("states")
  void anOlderEpochIsStaleInEveryState(HolderState state) {
    for (HolderInput request : requests(EPOCH - 1)) {
      refuses(state, request, Reason.EPOCH_STALE);
    }
  }

  @ParameterizedTest
  @MethodSource("states")
  void aNewerEpochBeginsOnlyWithOpenDetachOrForget(HolderState state) {
    for (HolderInput request : requests(EPOCH + 1)) {
      boolean begins =
          request instanceof HolderInput.OpenAsked
              || request instanceof HolderInput.DetachAsked
              || request instanceof HolderInput.ForgetAsked;
      if (!begins) {
        refuses(state, request, Reason.STATE_CONFLICT);
      } else if (state instanceof Owned
          || (state instanceof Deciding && !(request instanceof HolderInput.ForgetAsked))) {
        refuses(state, request, Reason.TOO_LATE);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("states")
  void lateAnswersOfThisPeerItselfChangeNothing(HolderState state) {
    for (HolderInput late : ownAnswers(EPOCH - 1)) {
      assertThat(HolderMachine.step(state, late)).isEqualTo(HolderStep.of(state));
    }
  }

  /** Either a request is answered at once, or it begins something whose answer comes later. */
  @ParameterizedTest
  @MethodSource("statesAndRequests")
  void everyRequestIsAnsweredOrBeginsSomething(HolderState state, HolderInput request) {
    boolean begun =
        state instanceof Owned owned
            && owned.resumption() == Resumption.UNDER_WAY
            && request instanceof HolderInput.CommitArrived;
    assertThat(HolderMachine.step(state, request).outputs().isEmpty()).isEqualTo(begun);
  }

  @ParameterizedTest
  @MethodSource("states")
  void aPeerThatShutsDownSaysForGoodThatItHoldsNothing(HolderState state) {
    HolderStep step = HolderMachine.step(state, new HolderInput.Stopping());
    if (state instanceof Owned || state instanceof Deciding || state instanceof Forgotten) {
      assertThat(step).isEqualTo(HolderStep.of(state));
    } else {
      assertThat(step.next()).isInstanceOf(Forgotten.class);
      assertThat(step.outputs())
          .startsWith(new HolderOutput.Persist(new HolderRecord.Forgot(EPOCH)));
    }
  }

  @ParameterizedTest
  @MethodSource("statesAndRequests")
  void aRefusalIsAllThatHappens(HolderState state, HolderInput request) {
    HolderStep step = HolderMachine.step(state, request);
    if (step.outputs().stream().anyMatch(output -> output instanceof HolderOutput.Refuse)) {
      assertThat(step.outputs()).hasSize(1);
      assertThat(step.next()).isEqualTo(state);
    }
  }

  @ParameterizedTest
  @MethodSource("states")
  void aSecondOpenOfOneEpochIsRefused(HolderState state) {
    refuses(
        state,
        new HolderInput.OpenAsked(EPOCH, S, List.of()),
        switch (state) {
          case Owned owned -> Reason.TOO_LATE;
          case Deciding deciding -> Reason.TOO_LATE;
          case Destination destination -> Reason.ALREADY_OPEN;
          case Contributor contributor -> Reason.STATE_CONFLICT;
          case Forgotten forgotten -> Reason.ALREADY_OPEN;
        });
  }

  @Test
  void onlySourceAndAnnouncedContributorsMaySend() {
    HolderState receiving = new Receiving(EPOCH, S, List.of(A));
    refuses(receiving, new HolderInput.TransferAsked(EPOCH, STRANGER), Reason.SENDER_NOT_ANNOUNCED);
    accepts(receiving, new HolderInput.TransferAsked(EPOCH, S));
    accepts(receiving, new HolderInput.TransferAsked(EPOCH, A));
  }

  @ParameterizedTest
  @MethodSource("states")
  void pagesAreReceivedOnlyBetweenMetadataAndPrepare(HolderState state) {
    HolderInput request = new HolderInput.TransferAsked(EPOCH, S);
    switch (state) {
      case Receiving receiving -> accepts(state, request);
      case Owned owned -> refuses(state, request, Reason.TOO_LATE);
      case Deciding deciding -> refuses(state, request, Reason.TOO_LATE);
      case Destination destination -> refuses(state, request, Reason.STATE_CONFLICT);
      case Contributor contributor -> refuses(state, request, Reason.STATE_CONFLICT);
      case Forgotten forgotten -> refuses(state, request, Reason.MIGRATION_UNKNOWN);
    }
  }

  @ParameterizedTest
  @MethodSource("states")
  void onlyAPreparedPeerTakesTheGrant(HolderState state) {
    HolderInput commit = new HolderInput.CommitArrived(EPOCH, DIGEST, ELECTORATE);
    HolderStep step = HolderMachine.step(state, commit);
    HolderOutput record =
        new HolderOutput.Persist(new HolderRecord.GrantedWith(EPOCH, DIGEST, ELECTORATE));
    assertThat(step.outputs().contains(record)).isEqualTo(state instanceof Prepared);
    assertThat(step.next() instanceof Deciding)
        .isEqualTo(state instanceof Prepared || state instanceof Deciding);
    assertThat(step.next() instanceof Owned).isEqualTo(state instanceof Owned);
  }

  @Test
  void theVoteOfOneOtherMakesTheOwner() {
    HolderStep asked =
        HolderMachine.step(
            new Prepared(EPOCH, DIGEST), new HolderInput.CommitArrived(EPOCH, DIGEST, ELECTORATE));
    Question vote = new Question.Accept(Vote.GRANTED);
    assertThat(asked.outputs())
        .endsWith(new HolderOutput.Ask(EPOCH, S, vote), new HolderOutput.Ask(EPOCH, A, vote));
    HolderInput yes = new HolderInput.Answered(EPOCH, A, new Answer.Accepted(0));
    assertThat(HolderMachine.step(asked.next(), yes))
        .isEqualTo(
            HolderStep.of(
                new Owned(EPOCH, DIGEST, Resumption.UNDER_WAY),
                new HolderOutput.Persist(new HolderRecord.OwnedWith(EPOCH, DIGEST)),
                new HolderOutput.ResumeGuest(EPOCH)));
    HolderInput stranger = new HolderInput.Answered(EPOCH, STRANGER, new Answer.Accepted(0));
    HolderInput earlier = new HolderInput.Answered(EPOCH - 1, A, new Answer.Accepted(0));
    HolderInput otherBallot = new HolderInput.Answered(EPOCH, A, new Answer.Accepted(2));
    for (HolderInput input : List.of(stranger, earlier, otherBallot)) {
      assertThat(HolderMachine.step(asked.next(), input)).isEqualTo(HolderStep.of(asked.next()));
    }
  }

  @Test
  void aCommitOfAnotherDigestIsRefused() {
    HolderInput other = new HolderInput.CommitArrived(EPOCH, DIGEST + 1, ELECTORATE);
    refuses(new Prepared(EPOCH, DIGEST), other, Reason.DIGEST_MISMATCH);
    refuses(new Owned(EPOCH, DIGEST, Resumption.DONE), other, Reason.DIGEST_MISMATCH);
  }

  @Test
  void aPeerThatGaveUpSaysWhyToACommit() {
    refuses(
        new Forgotten(EPOCH, WHY),
        new HolderInput.CommitArrived(EPOCH, DIGEST, ELECTORATE),
        Reason.ATTEMPT_DISCARDED);
  }

  @Test
  void metadataComesOnce() {
    HolderInput metadata = new HolderInput.MetadataArrived(EPOCH);
    refuses(new Opened(EPOCH, S, List.of(), true), metadata, Reason.STATE_CONFLICT);
    refuses(new Receiving(EPOCH, S, List.of()), metadata, Reason.STATE_CONFLICT);
    assertThat(HolderMachine.step(new Opened(EPOCH, S, List.of(), false), metadata).outputs())
        .containsExactly(new HolderOutput.SetUpShell(EPOCH));
  }

  @Test
  void relayComesOnce() {
    HolderInput relay = new HolderInput.RelayAsked(EPOCH);
    accepts(new HolderState.Detached(EPOCH, A), relay);
    refuses(new HolderState.Relaying(EPOCH, A), relay, Reason.STATE_CONFLICT);
    refuses(new HolderState.Drained(EPOCH, A), relay, Reason.STATE_CONFLICT);
    refuses(new HolderState.RelayFailed(EPOCH, A, WHY), relay, Reason.STATE_CONFLICT);
  }

  @Test
  void aDetachIsRepeatedHarmlesslyUntilTheRelayBegins() {
    HolderInput detach = new HolderInput.DetachAsked(EPOCH, A);
    HolderState detached = new HolderState.Detached(EPOCH, A);
    assertThat(HolderMachine.step(detached, detach))
        .isEqualTo(HolderStep.of(detached, new HolderOutput.Accept()));
    refuses(new HolderState.Relaying(EPOCH, A), detach, Reason.STATE_CONFLICT);
  }

  @Test
  void transfersAreCutBeforeMemoryIsVerified() {
    HolderStep step =
        HolderMachine.step(
            new Receiving(EPOCH, S, List.of(A)), new HolderInput.PrepareArrived(EPOCH, DIGEST));
    assertThat(step.outputs()).hasSize(2);
    assertThat(step.outputs().getFirst()).isInstanceOf(HolderOutput.CutTransfers.class);
    assertThat(step.outputs().getLast()).isEqualTo(new HolderOutput.Verify(EPOCH, DIGEST));
  }

  @ParameterizedTest
  @MethodSource("states")
  void theEndOfTheLeaseEndsAllButGrantAndOwnership(HolderState state) {
    HolderStep step = HolderMachine.step(state, new HolderInput.LeaseEnded());
    if (state instanceof Owned || state instanceof Deciding || state instanceof Forgotten) {
      assertThat(step).isEqualTo(HolderStep.of(state));
    } else {
      assertThat(step.next()).isInstanceOf(Forgotten.class);
      assertThat(step.outputs())
          .startsWith(new HolderOutput.Persist(new HolderRecord.Forgot(EPOCH)))
          .endsWith(new HolderOutput.Wipe());
    }
  }

  @Test
  void anEpochForgottenStaysFenced() {
    HolderState forgotten =
        HolderMachine.step(new Forgotten(1, WHY), new HolderInput.ForgetAsked(3)).next();
    refuses(forgotten, new HolderInput.OpenAsked(2, S, List.of()), Reason.EPOCH_STALE);
  }

  @Test
  void aRestartForgetsAllButTheOwnedGuest() {
    List<HolderRecord> journal = new ArrayList<>();
    assertThat(HolderMachine.recover(journal).next().epoch()).isZero();
    for (HolderRecord record :
        List.of(
            new HolderRecord.OpenedAs(1, S),
            new HolderRecord.Retired(2, A),
            new HolderRecord.OpenedAs(3, S),
            new HolderRecord.PreparedWith(3, DIGEST),
            new HolderRecord.Forgot(3))) {
      journal.add(record);
      HolderStep recovered = HolderMachine.recover(journal);
      assertThat(recovered.next()).isInstanceOf(Forgotten.class);
      assertThat(recovered.next().epoch()).isEqualTo(record.epoch());
      assertThat(recovered.outputs()).endsWith(new HolderOutput.Wipe());
    }
    journal.add(new HolderRecord.GrantedWith(4, DIGEST, ELECTORATE));
    HolderStep granted = HolderMachine.recover(journal);
    assertThat(granted)
        .isEqualTo(
            HolderStep.of(
                new Deciding(4, DIGEST, Proposer.granted(ELECTORATE), false, 0),
                new HolderOutput.FindGuest(4)));
    assertThat(HolderMachine.step(granted.next(), new HolderInput.LoadFailed(4, WHY)).next())
        .isInstanceOf(Forgotten.class);
    assertThat(HolderMachine.step(granted.next(), new HolderInput.Loaded(4)).outputs()).hasSize(2);
    journal.add(new HolderRecord.OwnedWith(4, DIGEST));
    assertThat(HolderMachine.recover(journal))
        .isEqualTo(
            HolderStep.of(
                new Owned(4, DIGEST, Resumption.UNDER_WAY), new HolderOutput.ResumeGuest(4)));
    journal.add(new HolderRecord.GuestLeft(4, DIGEST));
    assertThat(HolderMachine.recover(journal))
        .isEqualTo(HolderStep.of(new Owned(4, DIGEST, Resumption.DONE)));
  }

  private static void accepts(HolderState state, HolderInput input) {
    assertThat(HolderMachine.step(state, input).outputs()).endsWith(new HolderOutput.Accept());
  }

  private static void refuses(HolderState state, HolderInput input, Reason reason) {
    HolderStep step = HolderMachine.step(state, input);
    assertThat(step.next()).as("%s in %s", input, state).isEqualTo(state);
    assertThat(step.outputs())
        .as("%s in %s", input, state)
        .singleElement()
        .isInstanceOfSatisfying(
            HolderOutput.Refuse.class,
            refuse -> assertThat(refuse.failure().reason()).as("%s", input).isEqualTo(reason));
  }
}
