package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.config.StartedTarget;
import org.dcmigrate.conformance.mutants.KillMatrix;
import org.dcmigrate.conformance.mutants.Mutant;
import org.dcmigrate.conformance.mutants.Mutants;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The reference peer as a process of its own, which its adapter starts and kills: it passes the
 * cases of restarts, and peers that take the wrong thing up do not.
 */
@TestInstance(Lifecycle.PER_CLASS)
class RestartTest {
  private final StartedTarget target;

  RestartTest() throws Exception {
    Path home = Path.of("").toAbsolutePath().getParent();
    target = StartedTarget.start(Session.referenceAdapter(home), home, Optional.empty());
  }

  @BeforeAll
  void claims() {
    assertThat(target.config().claims().levels()).containsKeys("source", "destination");
  }

  @AfterAll
  void stop() {
    target.close();
  }

  @Test
  void passesEverything() throws Exception {
    List<Case> cases = Suite.all().stream().filter(Tester::killsTarget).toList();

    List<CaseResult> results = Tester.run(target.config().cast(), Duration.ofSeconds(10), cases);

    assertThat(results)
        .hasSizeGreaterThanOrEqualTo(10)
        .filteredOn(result -> result.verdict() != Verdict.PASS)
        .extracting(Report::text)
        .isEmpty();
  }

  static List<Mutant> mutants() {
    return Mutants.all().stream().filter(Mutant::needsAdapter).toList();
  }

  @ParameterizedTest
  @MethodSource("mutants")
  void isKilled(Mutant mutant) throws Exception {
    assertThat(Suite.matching(List.of(mutant.killer())))
        .as("the case cites the clause")
        .anyMatch(each -> each.references().contains(mutant.clause()));

    KillMatrix.Row row =
        new KillMatrix(target.config().cast(), TestGuest.synthetic())
            .mutants(List.of(mutant), each -> {})
            .getFirst();

    assertThat(row.fate()).as(Report.text(row.result())).isEqualTo(KillMatrix.Fate.KILLED);
  }
}
