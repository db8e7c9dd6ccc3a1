package org.dcmigrate.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.junit.jupiter.api.Test;

/** A badge says no more than was run. */
class BadgeTest {
  @Test
  void saysTheLevelUpToWhichAllCasesRan() {
    assertThat(Badge.of(results(each -> true), true))
        .contains("source L4, destination L")
        .contains("contributor L")
        .contains("witness L3");
  }

  @Test
  void oneCaseOfALevelIsNotTheLevel() {
    assertThat(Badge.of(results(each -> each.name().equals("restart/source/ends")), true))
        .doesNotContain("source")
        .contains("passed");
    assertThat(Badge.of(results(each -> Selection.levelOfClauses(each) <= 1), true))
        .contains("source L1, destination L1");
    assertThat(Badge.of(results(each -> !each.name().equals("plain/source/copy-ended")), true))
        .doesNotContain("source");
  }

  @Test
  void aRunThatFailedIsNoLevel() {
    assertThat(Badge.of(results(each -> true), false)).contains("failed").doesNotContain("L1");
  }

  private static List<CaseResult> results(Predicate<Case> ran) {
    return Suite.all().stream()
        .map(
            each ->
                new CaseResult(
                    each,
                    ran.test(each) ? Verdict.PASS : Verdict.NOT_RUN,
                    Duration.ZERO,
                    "",
                    "",
                    "",
                    List.of()))
        .toList();
  }
}
