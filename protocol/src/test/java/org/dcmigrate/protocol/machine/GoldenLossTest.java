package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Predicate;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.Network.Fault;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.WorldGuest.Power;
import org.junit.jupiter.api.Test;

/** Migrations in which a peer, a message or a page is lost. */
class GoldenLossTest {
  private final World world = new World(16, true, "A", "B", "C");

  @Test
  void firstDestinationRefuses() {
    world.holder("A").weaknesses().add(WorldHolder.Weakness.SHELL);
    world.migrate("A");
    failsAs("first-destination-incompatible", Reason.GUEST_INCOMPATIBLE);
  }

  @Test
  void contributorLostDuringTheRelay() {
    redirectToBWithASlowRelay();
    world.runUntilSent(12);
    world.kill("A");
    runsAs("contributor-lost", "B");
  }

  @Test
  void contributorLostBeforeItDetached() {
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Redirecting 2 B METADATA");
    world.kill("A");
    runsAs("contributor-lost-before-detach", "B");
  }

  @Test
  void oneContributorDrainsWhileWhatTheOtherOwedIsCompared() {
    redirectToBWithASlowRelay();
    world.runUntilSent(11);
    world.redirect("C");
    world.runUntilState("Transferring 3 C A=RELAYING B=RELAYING");
    world.kill("A");
    world.restart("A");
    runsAs("two-contributors-one-lost", "C");
  }

  @Test
  void newDestinationLostThenRedirectedAgain() {
    redirectToBWithASlowRelay();
    world.kill("B");
    world.runUntilState("Parked");
    world.redirect("C");
    runsAs("new-destination-lost-redirect", "C");
  }

  @Test
  void newDestinationLostThenRedirectedBack() {
    redirectToBWithASlowRelay();
    world.kill("B");
    world.runUntilState("Parked");
    world.redirect("A");
    runsAs("new-destination-lost-redirect-back", "A");
  }

  @Test
  void currentDestinationLostWhileTheNewOneIsAsked() {
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Redirecting 2 B METADATA");
    world.source().input(new SourceInput.DestinationLost(1, gone()));
    runsAs("destination-lost-while-redirecting", "B");
  }

  @Test
  void bothDestinationsLostWhileTheNewOneIsAsked() {
    world.migrate("A");
    world.runUntilSent(4);
    world.cut("S", "B");
    world.redirect("B");
    world.source().input(new SourceInput.DestinationLost(1, gone()));
    world.runUntilState("Parked");
    world.redirect("A");
    runsAs("both-destinations-lost", "A");
  }

  @Test
  void sourceRestartsBeforeTheGrant() {
    world.migrate("A");
    world.runUntilSent(4);
    world.kill("S");
    world.runFor(5);
    world.restart("S");
    failsAs("source-restarts-before-grant", Reason.SOURCE_RESTARTED);
  }

  @Test
  void sourceRestartsWithASealedGuest() {
    world.migrate("A");
    world.runUntilState("SwitchingOver 1 A SEAL");
    world.crashBefore("S", 1);
    world.runUntil(() -> !world.alive("S"));
    assertThat(world.source().guest().power()).isEqualTo(Power.SEALED);
    assertThat(world.source().journal()).noneMatch(r -> r instanceof SourceRecord.Granted);
    world.restart("S");
    failsAs("source-restarts-sealed", Reason.SOURCE_RESTARTED);
  }

  @Test
  void sourceRestartsAfterTheGrantAndTheDestinationAnswers() {
    world.migrate("A");
    world.runUntilState("Committing");
    world.kill("S");
    world.runFor(5);
    world.restart("S");
    runsAs("source-restarts-after-grant", "A");
  }

  @Test
  void sourceRestartsBetweenQuittingTheGuestAndItsLastRecord() {
    world.migrate("A");
    world.runUntilState("Committing");
    world.crashBefore("S", 2);
    world.runUntil(() -> !world.alive("S"));
    world.restart("S");
    runsAs("source-restarts-at-the-end", "A");
  }

  @Test
  void sourceRestartsAfterTheGrantAndTheDestinationIsOutOfReach() {
    world.migrate("A");
    world.runUntil(() -> Invariants.owns(world.holder("A")));
    world.kill("S");
    world.cut("S", "A");
    world.restart("S");
    world.runFor(1500);
    world.runUntilState("Committed");
    world.redirect("B");
    world.cancel();
    world.mend("S", "A");
    runsAs("source-restarts-destination-out-of-reach", "A");
  }

  @Test
  void sourceRestartsAfterTheGrantAndTheDestinationHasDiscarded() {
    world.migrate("A");
    loseNextCommit();
    world.runUntilState("Committing");
    world.kill("S");
    world.runFor(600);
    world.restart("S");
    failsAs("source-restarts-destination-discarded", Reason.ATTEMPT_DISCARDED);
  }

  @Test
  void destinationLostInPrepare() {
    world.migrate("A");
    world.runUntilState("SwitchingOver 1 A PREPARE");
    world.kill("A");
    world.runUntilState("Parked");
    world.redirect("B");
    runsAs("destination-lost-in-prepare", "B");
  }

  @Test
  void destinationLostWhileTheGuestIsSealed() {
    world.migrate("A");
    world.runUntilState("SwitchingOver 1 A SEAL");
    world.kill("A");
    world.source().input(new SourceInput.DestinationLost(1, gone()));
    world.runUntilState("Ended");
    world.restart("A");
    failsAs("destination-lost-while-sealing", Reason.PEER_UNREACHABLE);
  }

  @Test
  void destinationRestartsBeforeTheCommit() {
    world.migrate("A");
    world.runUntilState("SwitchingOver 1 A SEAL");
    world.kill("A");
    world.restart("A");
    failsAs("destination-restarts-before-commit", Reason.ATTEMPT_DISCARDED);
  }

  @Test
  void destinationLostInCommitReturnsAsTheOwner() {
    world.migrate("A");
    world.runUntil(() -> Invariants.owns(world.holder("A")));
    world.kill("A");
    world.runUntilState("Committed");
    world.restart("A");
    runsAs("destination-returns-as-owner", "A");
  }

  @Test
  void destinationLostBeforeTheGrantCame() {
    world.migrate("A");
    loseNextCommit();
    world.runUntilState("Committing");
    world.kill("A");
    world.runUntilState("Ended");
    world.restart("A");
    failsAs("destination-lost-before-the-grant", Reason.PEER_UNREACHABLE);
  }

  @Test
  void destinationCrashesBetweenTheGrantAndItsQuestion() {
    world.migrate("A");
    world.runUntilState("Committing");
    world.crashBefore("A", 2);
    world.runUntilState("Ended");
    world.restart("A");
    failsAs("destination-crashes-with-the-grant", Reason.PEER_UNREACHABLE);
  }

  @Test
  void destinationCrashesBetweenOwningAndResuming() {
    world.migrate("A");
    world.runUntil(() -> isDeciding("A"));
    world.crashBefore("A", 2);
    world.runUntilState("Committed");
    world.restart("A");
    runsAs("destination-crashes-before-resuming", "A");
  }

  @Test
  void answerToTheCommitIsLost() {
    world.migrate("A");
    world.plan("S", "A", input(HolderInput.CommitArrived.class), Fault.LOSE_ANSWER);
    runsAs("commit-answer-lost", "A");
  }

  @Test
  void ownerCannotResumeAtFirst() {
    world.holder("A").weaknesses().add(WorldHolder.Weakness.RESUME);
    world.migrate("A");
    world.runUntilState("Committed");
    world.holder("A").weaknesses().clear();
    runsAs("owner-cannot-resume-at-first", "A");
  }

  @Test
  void ownerTriesAgainByItselfOnceItsSourceIsGone() {
    world.holder("A").weaknesses().add(WorldHolder.Weakness.RESUME);
    world.migrate("A");
    world.runUntilState("Committed");
    world.kill("S");
    world.runFor(700);
    world.holder("A").weaknesses().clear();
    world.runUntil(() -> world.holder("A").guestRuns());
    world.restart("S");
    runsAs("owner-tries-again-by-itself", "A");
  }

  @Test
  void ownerThatCanNeverResumeGivesTheGuestBack() {
    world.holder("A").weaknesses().add(WorldHolder.Weakness.BROKEN);
    world.migrate("A");
    failsAs("owner-gives-back", Reason.ATTEMPT_DISCARDED);
  }

  @Test
  void guestCannotBeSealed() {
    world.source().letSealFail(true);
    world.migrate("A");
    failsAs("seal-fails", Reason.GUEST_FAILED);
  }

  @Test
  void deviceStateCannotBeLoaded() {
    world.holder("A").weaknesses().add(WorldHolder.Weakness.LOAD);
    world.migrate("A");
    world.runUntilState("Parked");
    world.redirect("B");
    runsAs("load-fails", "B");
  }

  @Test
  void oneBadPageIsRepaired() {
    world.migrate("A");
    world.runUntilSent(8);
    world.holder("A").corrupt(3);
    runsAs("repair", "A");
  }

  @Test
  void hostWithBadMemoryIsGivenUp() {
    world.migrate("A");
    world.agenda().every(1, () -> world.holder("A").corrupt(3));
    world.runUntilState("Parked");
    world.redirect("B");
    runsAs("bad-memory", "B");
  }

  @Test
  void parkedUntilTheDeadline() {
    world.migrate("A");
    world.runUntilSent(4);
    world.kill("A");
    failsAs("parked-deadline", Reason.PEER_UNREACHABLE);
  }

  @Test
  void guestFails() {
    redirectToBWithASlowRelay();
    world
        .source()
        .input(new SourceInput.GuestFailed(new Failure(Reason.GUEST_FAILED, "its stream broke")));
    failsAs("guest-fails", Reason.GUEST_FAILED);
  }

  private void redirectToBWithASlowRelay() {
    world.holder("A").relay().slowDownTo(20);
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Transferring 2 B A=RELAYING");
  }

  private boolean isDeciding(String holder) {
    return world.holder(holder).state().stream().anyMatch(s -> s instanceof HolderState.Deciding);
  }

  private void loseNextCommit() {
    world.plan("S", "A", input(HolderInput.CommitArrived.class), Fault.LOSE_REQUEST);
  }

  private static Predicate<Message> input(Class<? extends HolderInput> kind) {
    return message -> message instanceof Message.Control c && kind.isInstance(c.input());
  }

  private static Failure gone() {
    return new Failure(Reason.PEER_UNREACHABLE, "it is gone");
  }

  private void runsAs(String scenario, String owner) {
    finishAs(scenario);
    assertThat(world.result()).isEqualTo(new Result.Completed(new PeerId(owner)));
  }

  private void failsAs(String scenario, Reason reason) {
    finishAs(scenario);
    assertThat(world.result())
        .isInstanceOfSatisfying(
            Result.Failed.class, failed -> assertThat(failed.failure().reason()).isEqualTo(reason));
  }

  private void finishAs(String scenario) {
    world.runUntilState("Ended");
    world.heal();
    world.finish();
    GoldenLog.compare(scenario, world.log());
  }
}
