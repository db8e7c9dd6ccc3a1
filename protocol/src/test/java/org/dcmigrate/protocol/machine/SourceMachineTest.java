package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Reconciling;
import org.dcmigrate.protocol.machine.SourceState.Transferring;
import org.junit.jupiter.api.Test;

/** Orders of inputs at the source that a scenario reaches only by chance. */
class SourceMachineTest {
  private static final PeerId S = new PeerId("S");
  private static final PeerId A = new PeerId("A");
  private static final PeerId B = new PeerId("B");
  private static final PeerId C = new PeerId("C");
  private static final Failure GONE = new Failure(Reason.PEER_UNREACHABLE, "gone");
  private static final SourceState.Witnesses NOBODY =
      new SourceState.Witnesses(Optional.empty(), List.of(), false, Set.of());
  private static final Course COURSE = new Course(S, 3, Set.of(A, B, C), NOBODY, 1);

  @Test
  void aStopOfAnEarlierEpochLeavesTheLeaveToStop() {
    SourceState settled = new Transferring(COURSE, 3, C, Map.of(), true, true, Reconciling.IDLE);
    assertThat(step(settled, new SourceInput.GuestStopped(2)))
        .isEqualTo(
            SourceStep.of(settled, new SourceOutput.ResumeGuest(), new SourceOutput.LetStop()));
  }

  @Test
  void aComparisonThatIsOutdatedDoesNotSettle() {
    SourceState state = relaying();
    SourceStep lost = step(state, new SourceInput.ContributorLost(3, A, GONE));
    assertThat(lost.outputs()).containsExactly(new SourceOutput.Reconcile(3));
    SourceStep bothLost = step(lost.next(), new SourceInput.ContributorLost(3, B, GONE));
    assertThat(bothLost.outputs()).isEmpty();
    SourceStep again = step(bothLost.next(), new SourceInput.Reconciled(3));
    assertThat(again.outputs()).containsExactly(new SourceOutput.Reconcile(3));
    SourceStep settled = step(again.next(), new SourceInput.Reconciled(3));
    assertThat(settled.outputs()).containsExactly(new SourceOutput.LetStop());
    assertThat(step(settled.next(), new SourceInput.Reconciled(3)).outputs()).isEmpty();
  }

  @Test
  void aComparisonDoesNotSettleWhileSomebodyRelays() {
    SourceStep lost = step(relaying(), new SourceInput.ContributorLost(3, A, GONE));
    SourceStep compared = step(lost.next(), new SourceInput.Reconciled(3));
    assertThat(compared.outputs()).isEmpty();
    SourceStep drained = step(compared.next(), new SourceInput.ContributorDrained(3, B));
    assertThat(drained.outputs()).containsExactly(new SourceOutput.Reconcile(3));
  }

  @Test
  void redirectedTransferDoesNotLetTheGuestStop() {
    SourceStep redirecting = step(relaying(), new SourceInput.RedirectAsked(new PeerId("D")));
    SourceState state = redirecting.next();
    for (SourceInput input :
        List.of(
            new SourceInput.ContributorLost(3, A, GONE),
            new SourceInput.ContributorLost(3, B, GONE),
            new SourceInput.Reconciled(3),
            new SourceInput.Reconciled(3))) {
      SourceStep step = step(state, input);
      assertThat(step.outputs()).doesNotContain(new SourceOutput.LetStop());
      state = step.next();
    }
    assertThat(step(state, new SourceInput.OpenRefused(4, GONE)).outputs())
        .endsWith(new SourceOutput.LetStop());
  }

  @Test
  void aPeerWithBadMemoryRelaysNothing() {
    SourceState state =
        new SourceState.SwitchingOver(
            COURSE, 3, C, SourceState.SwitchoverStep.PREPARE, 3, 0, Optional.empty());
    SourceStep step = step(state, new SourceInput.Incomplete(3));
    assertThat(step.next()).isInstanceOf(SourceState.Parked.class);
    assertThat(step.next().course().holders()).doesNotContain(C);
    assertThat(step.outputs()).endsWith(new SourceOutput.Abort(3, C));
  }

  @Test
  void aRestartRepeatsWhatMayNotHaveBeenDone() {
    List<SourceRecord> opened = List.of(new SourceRecord.AttemptOpened(2, B, List.of(A)));
    SourceRecord failed = new SourceRecord.Ended(new SourceState.Result.Cancelled());
    assertThat(SourceMachine.recover(S, opened, false, 0).outputs())
        .startsWith(new SourceOutput.TakeBack(), new SourceOutput.EndGuestMigration())
        .endsWith(new SourceOutput.Abort(2, A), new SourceOutput.Abort(2, B));
    assertThat(SourceMachine.recover(S, List.of(opened.getFirst(), failed), false, 0).outputs())
        .isEmpty();
    assertThat(
            SourceMachine.recover(
                    S,
                    List.of(opened.getFirst(), new SourceRecord.Granted(2, B, 7, Optional.empty())),
                    false,
                    0)
                .outputs())
        .containsExactly(new SourceOutput.Commit(2, B, 7, Optional.empty()));
    SourceRecord granted = new SourceRecord.Granted(2, B, 7, Optional.empty());
    SourceRecord back = new SourceRecord.Decided(2, Choice.SOURCE);
    assertThat(
            SourceMachine.recover(S, List.of(opened.getFirst(), granted, back), false, 0).outputs())
        .startsWith(new SourceOutput.TakeBack());
    SourceRecord away = new SourceRecord.Decided(2, Choice.DESTINATION);
    assertThat(
            SourceMachine.recover(S, List.of(opened.getFirst(), granted, away), false, 0).outputs())
        .startsWith(new SourceOutput.QuitGuest());
  }

  private static Transferring relaying() {
    return new Transferring(
        COURSE,
        3,
        C,
        Map.of(A, ContributorPhase.RELAYING, B, ContributorPhase.RELAYING),
        true,
        false,
        Reconciling.IDLE);
  }

  private static SourceStep step(SourceState state, SourceInput input) {
    return SourceMachine.step(state, input, 0);
  }
}
