package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.dcmigrate.protocol.machine.Simulation.Summary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The simulation finds nothing in the machines, and something in every mutant. {@code
 * -Ddcm.sim.seeds} sets how many schedules, {@code -Ddcm.sim.first} where to begin.
 */
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("dcm.sim.seeds", 20_000);
  private static final int FIRST = Integer.getInteger("dcm.sim.first", 1);

  @Test
  void everyScheduleComesToANamedEnd() throws Exception {
    Coverage coverage = new Coverage(Machines.REAL);
    Summary summary = Simulation.run(coverage, FIRST, SEEDS);

    assertThat(summary.broken()).as("replay with dev/sim --seed S --trace").isEmpty();
    assertThat(summary.schedules()).isEqualTo(SEEDS);
    // Schedules that reach little prove little.
    if (SEEDS >= 10_000) {
      assertThat(summary.endings().keySet())
          .contains(
              "cancelled",
              "completed, plain",
              "completed, redirected",
              "failed after the grant",
              "failed before the grant",
              "one failure, runs at the destination",
              "one failure, runs at the source",
              "one failure, went with its owner",
              "resolved for the destination",
              "resolved for the source");
      assertThat(summary.endings().get("completed, redirected")).isGreaterThan(SEEDS / 20);
      assertThat(summary.endings().get("failed after the grant")).isGreaterThan(SEEDS / 1000);
    }
    Set<Pair> seen = Pair.seen(coverage);
    if (FIRST == 1 && SEEDS >= 20_000) {
      assertThat(Pair.leftTo(Pair.By.Simulation.class)).isNotEmpty();
      assertThat(seen).containsAll(Pair.leftTo(Pair.By.Simulation.class));
    }
    assertThat(seen).doesNotContainAnyElementsOf(Pair.leftTo(Pair.By.Impossible.class));
  }

  static List<Mutants.Mutant> mutants() {
    return Mutants.ALL;
  }

  @ParameterizedTest
  @MethodSource("mutants")
  void everyMutantIsCaughtForAFittingReason(Mutants.Mutant mutant) throws Exception {
    Mutants.Catch caught = Mutants.hunt(mutant);
    assertThat(caught.caught()).as("%s: %s", mutant.name(), caught.by()).isTrue();
  }

  @Test
  void aSeedGivesTheSameScheduleAgain() {
    for (long seed = 1; seed <= 40; seed++) {
      List<String> log = Schedule.run(Machines.REAL, seed, true).world().log();
      assertThat(log).isNotEmpty();
      assertThat(Schedule.run(Machines.REAL, seed, true).world().log()).isEqualTo(log);
    }
  }
}
