package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.Network.Fault;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A cancel in every state: before the guest is given away it ends the migration, later not. */
class CancelTest {
  private final World world = new World(16, true, "A", "B");

  @ParameterizedTest
  @CsvSource({
    "Opening 1 A OPEN, opening",
    "Opening 1 A METADATA, opening-metadata",
    "Transferring 1, transferring",
    "Redirecting 2 B OPEN, redirecting",
    "Redirecting 2 B METADATA, redirecting-metadata",
    "Transferring 2 B A=DETACHING, detaching",
    "Transferring 2 B A=RELAYING, relaying",
    "Parked, parked",
    "Opening 3 A OPEN redirect, redirecting-from-parked",
    "SwitchingOver 2 B PREPARE, preparing",
    "SwitchingOver 2 B REPAIR, repairing",
  })
  void endsIt(String state, String scenario) {
    reach(state);
    world.cancel();
    world.finish();
    GoldenLog.compare("cancel-" + scenario, world.log());
    assertThat(world.result()).isEqualTo(new Result.Cancelled());
    assertThat(world.source().operatorAnswers())
        .noneMatch(answer -> answer instanceof SourceOutput.Refuse);
  }

  @ParameterizedTest
  @CsvSource({
    "SwitchingOver 2 B SEAL, sealing, TOO_LATE",
    "Committing, committing, TOO_LATE",
    "InDoubt, in-doubt, TOO_LATE",
    "Ended, ended, MIGRATION_FINISHED",
  })
  void isRefused(String state, String scenario, Reason reason) {
    reach(state);
    world.cancel();
    world.finish();
    GoldenLog.compare("cancel-" + scenario, world.log());
    assertThat(world.result()).isEqualTo(new Result.Completed(new PeerId("B")));
    assertThat(world.source().operatorAnswers())
        .anySatisfy(
            answer ->
                assertThat(answer)
                    .isInstanceOfSatisfying(
                        SourceOutput.Refuse.class,
                        refuse -> assertThat(refuse.failure().reason()).isEqualTo(reason)));
  }

  /** Goes as far as the state named, on a way that leads through as many states as possible. */
  private void reach(String state) {
    world.migrate("A");
    if (state.startsWith("Opening 1") || state.startsWith("Transferring 1")) {
      world.runUntilState(state);
      return;
    }
    world.runUntilSent(4);
    world.redirect("B");
    if (state.equals("Parked") || state.startsWith("Opening 3")) {
      world.runUntilState("Transferring 2 B A=RELAYING");
      world.kill("B");
      world.runUntilState("Parked");
      world.restart("B");
      if (state.startsWith("Opening 3")) {
        world.redirect("A");
      }
    } else if (state.endsWith("REPAIR")) {
      world.runUntilSent(14);
      world.holder("B").corrupt(14);
      world.runUntil(() -> !world.holder("B").pages().isEmpty());
      world.holder("B").pages().keySet().stream().findFirst().ifPresent(world.holder("B")::corrupt);
    } else if (state.equals("InDoubt")) {
      world.plan(
          "S",
          "B",
          message ->
              message instanceof Message.Control c
                  && c.input() instanceof HolderInput.CommitArrived,
          Fault.LOSE_ANSWER);
    }
    world.runUntilState(state);
  }
}
