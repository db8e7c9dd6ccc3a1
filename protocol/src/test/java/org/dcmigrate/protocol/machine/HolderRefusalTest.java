package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.HolderState.Contributor;
import org.dcmigrate.protocol.machine.HolderState.Destination;
import org.dcmigrate.protocol.machine.HolderState.Forgotten;
import org.dcmigrate.protocol.machine.HolderState.Opened;
import org.dcmigrate.protocol.machine.HolderState.Owned;
import org.dcmigrate.protocol.machine.HolderState.Prepared;
import org.dcmigrate.protocol.machine.HolderState.Preparing;
import org.dcmigrate.protocol.machine.HolderState.Receiving;
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
        new Owned(EPOCH, DIGEST, false),
        new Owned(EPOCH, DIGEST, true),
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
        new HolderInput.CommitArrived(epoch, DIGEST),
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
        new HolderInput.ResumeFailed(epoch, WHY),
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
      } else if (state instanceof Owned) {
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
    assertThat(HolderMachine.step(state, request).outputs()).isNotEmpty();
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
          case Destination destination -> Reason.ALREADY_OPEN;
          case Contributor contributor -> Reason.STATE_CONFLICT;
          case Forgotten forgotten -> Reason.MIGRATION_UNKNOWN;
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
      case Destination destination -> refuses(state, request, Reason.STATE_CONFLICT);
      case Contributor contributor -> refuses(state, request, Reason.STATE_CONFLICT);
      case Forgotten forgotten -> refuses(state, request, Reason.MIGRATION_UNKNOWN);
    }
  }

  @ParameterizedTest
  @MethodSource("states")
  void onlyAPreparedPeerBecomesTheOwner(HolderState state) {
    HolderStep step = HolderMachine.step(state, new HolderInput.CommitArrived(EPOCH, DIGEST));
    boolean recorded =
        step.outputs()
            .contains(new HolderOutput.Persist(new HolderRecord.OwnedWith(EPOCH, DIGEST)));
    assertThat(recorded).isEqualTo(state instanceof Prepared);
    assertThat(step.next() instanceof Owned)
        .isEqualTo(state instanceof Prepared || state instanceof Owned);
  }

  @Test
  void aCommitOfAnotherDigestIsRefused() {
    HolderInput other = new HolderInput.CommitArrived(EPOCH, DIGEST + 1);
    refuses(new Prepared(EPOCH, DIGEST), other, Reason.DIGEST_MISMATCH);
    refuses(new Owned(EPOCH, DIGEST, true), other, Reason.DIGEST_MISMATCH);
  }

  @Test
  void aPeerThatGaveUpSaysWhyToACommit() {
    refuses(
        new Forgotten(EPOCH, WHY),
        new HolderInput.CommitArrived(EPOCH, DIGEST),
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
  void theEndOfTheLeaseEndsAllButOwnership(HolderState state) {
    HolderStep step = HolderMachine.step(state, new HolderInput.LeaseEnded());
    if (state instanceof Owned || state instanceof Forgotten) {
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
    journal.add(new HolderRecord.OwnedWith(4, DIGEST));
    assertThat(HolderMachine.recover(journal))
        .isEqualTo(HolderStep.of(new Owned(4, DIGEST, false), new HolderOutput.ResumeGuest(4)));
    journal.add(new HolderRecord.GuestLeft(4, DIGEST));
    assertThat(HolderMachine.recover(journal)).isEqualTo(HolderStep.of(new Owned(4, DIGEST, true)));
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
