package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.junit.jupiter.api.Test;

/** Migrations and redirects without failures of peers; the files in golden/ show each in full. */
class GoldenRedirectTest {
  private static final Result AT_B = new Result.Completed(new PeerId("B"));

  private final World world = new World(16, true, "A", "B", "C");

  @Test
  void plainMigration() {
    world.migrate("A");
    world.runUntilSent(5);
    world.write(0, 2);
    endsAs("plain-migration", new Result.Completed(new PeerId("A")));
    assertThat(world.source().sender().sentPages()).isEqualTo(18);
  }

  @Test
  void redirectBeforeTheFirstPage() {
    world.migrate("A");
    world.redirect("B");
    endsAs("redirect-before-first-page", AT_B);
    assertThat(world.source().sender().sentPages()).isEqualTo(16);
  }

  @Test
  void redirectInMidBulk() {
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    endsAs("redirect-mid-bulk", AT_B);
    assertThat(world.source().sender().sentPages())
        .as("what the old destination holds, the source does not send again")
        .isEqualTo(16);
  }

  @Test
  void redirectDuringLaterPasses() {
    world.migrate("A");
    world.runUntilSent(15);
    world.write(0, 1, 2, 3, 4);
    world.runUntilSent(18);
    world.write(1, 5);
    world.redirect("B");
    world.runUntilState("Transferring 2");
    world.write(6);
    endsAs("redirect-later-pass", AT_B);
  }

  @Test
  void twoRedirectsWithTheFirstStillRelaying() {
    world.holder("A").relay().slowDownTo(20);
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Transferring 2 B A=RELAYING");
    world.runUntilSent(11);
    world.redirect("C");
    endsAs("redirect-twice", new Result.Completed(new PeerId("C")));
  }

  @Test
  void redirectBackToTheFirstDestination() {
    world.holder("A").relay().slowDownTo(20);
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Transferring 2 B A=RELAYING");
    world.runUntilSent(11);
    world.redirect("A");
    endsAs("redirect-back", new Result.Completed(new PeerId("A")));
  }

  @Test
  void redirectRefusedByTheNewDestination() {
    world.migrate("A");
    world.runUntilSent(4);
    world.cut("S", "B");
    world.redirect("B");
    endsAs("redirect-unreachable", new Result.Completed(new PeerId("A")));
    assertOperatorTold(Reason.PEER_UNREACHABLE);
  }

  @Test
  void redirectToAnIncompatibleHost() {
    world.holder("B").weaknesses().add(WorldHolder.Weakness.SHELL);
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    endsAs("redirect-incompatible", new Result.Completed(new PeerId("A")));
    assertOperatorTold(Reason.GUEST_INCOMPATIBLE);
  }

  @Test
  void redirectBackThatIsRefusedEndsTheRelay() {
    world.holder("A").relay().slowDownTo(50);
    world.migrate("A");
    world.runUntilSent(4);
    world.redirect("B");
    world.runUntilState("Transferring 2 B A=RELAYING");
    world.holder("A").weaknesses().add(WorldHolder.Weakness.SHELL);
    world.redirect("A");
    endsAs("redirect-back-incompatible", AT_B);
    assertOperatorTold(Reason.GUEST_INCOMPATIBLE);
  }

  @Test
  void redirectBeforeTheFirstPageThatIsRefusedParks() {
    world.holder("B").weaknesses().add(WorldHolder.Weakness.SHELL);
    world.migrate("A");
    world.redirect("B");
    world.runUntilState("Parked");
    world.redirect("A");
    endsAs("redirect-before-first-page-incompatible", new Result.Completed(new PeerId("A")));
  }

  @Test
  void redirectWhileTheGuestIsStopping() {
    world.migrate("A");
    world.runUntil(() -> world.source().sender().stopPending());
    world.redirect("B");
    endsAs("redirect-while-stopping", AT_B);
  }

  @Test
  void redirectDuringPrepare() {
    world.migrate("A");
    world.runUntilState("SwitchingOver 1 A PREPARE");
    world.redirect("B");
    endsAs("redirect-during-prepare", AT_B);
  }

  @Test
  void lateRedirect() {
    world.migrate("A");
    world.runUntilState("SwitchingOver 1 A SEAL");
    world.redirect("B");
    world.runUntilState("Committing");
    world.redirect("B");
    endsAs("redirect-too-late", new Result.Completed(new PeerId("A")));
    assertOperatorTold(Reason.TOO_LATE);
  }

  @Test
  void redirectsThatAreRefused() {
    world.migrate("A");
    world.redirect("S");
    world.redirect("A");
    world.runUntilSent(2);
    world.redirect("S");
    world.redirect("A");
    world.redirect("B");
    world.redirect("C");
    world.runUntilState("Transferring 2");
    world.finish();
    world.redirect("C");
    GoldenLog.compare("redirect-refused", world.log());
    assertThat(told())
        .containsExactly(
            Reason.DESTINATION_IS_SOURCE,
            Reason.DESTINATION_IS_CURRENT,
            Reason.DESTINATION_IS_SOURCE,
            Reason.DESTINATION_IS_CURRENT,
            Reason.STATE_CONFLICT,
            Reason.MIGRATION_FINISHED);
  }

  private void endsAs(String scenario, Result result) {
    world.finish();
    GoldenLog.compare(scenario, world.log());
    assertThat(world.result()).isEqualTo(result);
  }

  private void assertOperatorTold(Reason reason) {
    assertThat(told()).contains(reason);
  }

  private List<Reason> told() {
    return world.source().operatorAnswers().stream()
        .flatMap(
            answer ->
                switch (answer) {
                  case SourceOutput.Refuse refuse -> Stream.of(refuse.failure().reason());
                  case SourceOutput.RedirectFailed failed -> Stream.of(failed.failure().reason());
                  default -> Stream.<Reason>of();
                })
        .toList();
  }
}
