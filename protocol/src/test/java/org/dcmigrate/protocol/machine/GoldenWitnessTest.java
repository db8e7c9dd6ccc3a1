package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Predicate;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.machine.Network.Fault;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.dcmigrate.protocol.machine.WorldGuest.Power;
import org.junit.jupiter.api.Test;

/** Who owns the guest when a peer or a link is lost after the grant. W is the witness. */
class GoldenWitnessTest {
  private final World world = new World(16, true, "A", "B", "W");

  @Test
  void theWitnessThatWasNamedVotes() {
    world.migrate("A", "W");
    runsAs("witness-plain", "A");
  }

  @Test
  void theOldDestinationIsTheWitnessAfterARedirect() {
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Committing");
    assertThat(granted().witness()).contains(new PeerId("A"));
    runsAs("witness-old-destination", "B");
  }

  @Test
  void aWitnessThatCannotBeReachedIsPassedOver() {
    world.cut("S", "W");
    world.migrate("A", "W");
    world.runUntilState("Committing");
    assertThat(granted().witness()).isEmpty();
    runsAs("witness-unreachable", "A");
  }

  @Test
  void sourceLostAfterTheGrantWasSent() {
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.runFor(1);
    world.kill("S");
    world.runUntil(() -> world.holder("A").guestRuns());
    world.restart("S");
    runsAs("witness-source-lost", "A");
  }

  @Test
  void destinationLostWithTheGrant() {
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.crashBefore("A", 2);
    world.runUntilState("Ended");
    assertThat(world.source().guest().power()).isEqualTo(Power.RUNNING);
    world.restart("A");
    failsAs("witness-destination-lost", Reason.PEER_UNREACHABLE);
  }

  @Test
  void sourceThatLosesItsGuestInDoubtLeavesItToTheDestination() {
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.crashBefore("A", 2);
    world.runUntilState("InDoubt 1 A ballot 1");
    world.source().input(new SourceInput.GuestLost());
    world.runUntilState("Committed");
    world.restart("A");
    runsAs("witness-source-guest-gone", "A");
  }

  @Test
  void linkBetweenSourceAndDestinationCutAfterTheGrant() {
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.runFor(1);
    world.cut("S", "A");
    world.runUntil(() -> world.holder("A").guestRuns());
    world.runUntilState("Committed");
    world.mend("S", "A");
    runsAs("witness-link-cut", "A");
  }

  @Test
  void destinationOutbidsASourceThatIsLostInItsBallot() {
    world.migrate("A", "W");
    world.plan("A", "S", ballot(Question.Accept.class), Fault.LOSE_REQUEST);
    world.plan("A", "W", ballot(Question.Accept.class), Fault.LOSE_REQUEST);
    world.plan("S", "A", GoldenWitnessTest::isCommit, Fault.LOSE_ANSWER);
    world.plan("S", "A", ballot(Question.Promise.class), Fault.LOSE_REQUEST);
    world.runUntilState("InDoubt 1 A ballot 1");
    world.runFor(1);
    world.kill("S");
    world.runUntil(() -> world.holder("A").guestRuns());
    world.restart("S");
    runsAs("witness-outbid", "A");
  }

  @Test
  void destinationThatLosesItsGuestWhileItDecidesGivesItBack() {
    world.holder("A").weaknesses().add(WorldHolder.Weakness.FRAIL);
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.runFor(1);
    world.cut("A", "W");
    world.kill("A");
    world.restart("A");
    failsAs("witness-guest-gone", Reason.ATTEMPT_DISCARDED);
  }

  @Test
  void operatorGivesTheGuestBackToTheSource() {
    world.migrate("A");
    world.runUntil(() -> Invariants.owns(world.holder("A")));
    world.kill("A");
    world.runUntilState("Committed");
    world.resolve("S", Choice.SOURCE);
    world.runUntilState("Ended");
    assertThat(world.source().guest().power()).isEqualTo(Power.RUNNING);
    GoldenLog.compare("resolve-source", world.log());
  }

  @Test
  void aSourceThatWasGivenTheGuestDoesNotVoteItAwayAgain() {
    world.plan("A", "S", ballot(Question.Accept.class), Fault.LOSE_ANSWER);
    world.migrate("A");
    world.runUntilState("Committing");
    world.runFor(5);
    world.cut("S", "A");
    world.runUntilState("Committed");
    world.resolve("S", Choice.SOURCE);
    staysWithTheSource();
  }

  @Test
  void norWithAWitness() {
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.plan("A", "S", ballot(Question.Accept.class), Fault.LOSE_REQUEST);
    world.cut("A", "W");
    world.runFor(1);
    world.cut("S", "A");
    world.kill("W");
    world.runUntilState("InDoubt 1 A ballot 1");
    world.resolve("S", Choice.SOURCE);
    staysWithTheSource();
  }

  /** Also when the fenced destination is back, after the source has stopped telling it. */
  private void staysWithTheSource() {
    world.runFor(1000);
    world.kill("S");
    world.restart("S");
    world.mend("S", "A");
    world.runFor(10_000);
    assertThat(world.source().guest().power()).isEqualTo(Power.RUNNING);
    assertThat(world.holder("A").guestRuns()).isFalse();
    assertThat(world.holder("A").journal().getLast()).isInstanceOf(HolderRecord.Forgot.class);
  }

  @Test
  void aDestinationThatWasGivenTheGuestDoesNotVoteItAwayAgain() {
    world.migrate("A", "W");
    world.runUntilState("Committing");
    world.plan("A", "S", ballot(Question.Accept.class), Fault.LOSE_REQUEST);
    world.plan("S", "W", ballot(Question.Accept.class), Fault.LOSE_REQUEST);
    world.cut("A", "W");
    world.runFor(1);
    world.cut("S", "A");
    world.runUntilState("InDoubt 1 A ballot 1 SOURCE");
    world.kill("W");
    world.resolve("A", Choice.DESTINATION);
    world.mend("S", "A");
    world.runFor(10_000);
    assertThat(world.holder("A").guestRuns()).isTrue();
    assertThat(world.source().guest().power()).isEqualTo(Power.QUIT);
  }

  @Test
  void operatorGivesTheGuestToTheDestination() {
    world.migrate("A");
    world.runUntilState("Committing");
    world.runFor(1);
    world.kill("S");
    world.runFor(2000);
    world.resolve("A", Choice.DESTINATION);
    world.runUntil(() -> world.holder("A").guestRuns());
    GoldenLog.compare("resolve-destination", world.log());
  }

  @Test
  void thereIsNothingToResolveBeforeTheGrant() {
    world.migrate("A");
    world.runUntilSent(4);
    world.resolve("S", Choice.SOURCE);
    world.resolve("A", Choice.DESTINATION);
    runsAs("resolve-refused", "A");
    assertThat(world.source().operatorAnswers())
        .singleElement()
        .isInstanceOfSatisfying(
            SourceOutput.Refuse.class,
            refuse -> assertThat(refuse.failure().reason()).isEqualTo(Reason.STATE_CONFLICT));
  }

  private SourceRecord.Granted granted() {
    return world.source().journal().stream()
        .filter(SourceRecord.Granted.class::isInstance)
        .map(SourceRecord.Granted.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static Predicate<Message> ballot(Class<? extends Question> kind) {
    return message -> message instanceof Message.Ballot b && kind.isInstance(b.question());
  }

  private static boolean isCommit(Message message) {
    return message instanceof Message.Control c && c.input() instanceof HolderInput.CommitArrived;
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
