package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.conformance.suite.Clauses;
import org.dcmigrate.conformance.suite.Clauses.Clause;
import org.dcmigrate.conformance.suite.Clauses.WaiverClass;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Selection.Levels;
import org.dcmigrate.conformance.suite.Suite;
import org.junit.jupiter.api.Test;

/** Every MUST has a case or a waiver that says why not; selection by what cases cite. */
class CoverageTest {
  /** Lower it when cases are added; it never grows. */
  private static final int MOST_OPEN = 0;

  private static final Set<String> CITED =
      Suite.all().stream().map(Case::references).flatMap(List::stream).collect(Collectors.toSet());

  @Test
  void everyMustHasACaseOrAWaiver() {
    Map<WaiverClass, Long> waived =
        Clauses.waivers().values().stream()
            .collect(
                Collectors.groupingBy(Clauses.Waiver::kind, TreeMap::new, Collectors.counting()));
    System.out.printf(
        "%d clauses, %d MUST; cited by cases %d; waived %s%n",
        Clauses.all().size(),
        Clauses.all().values().stream().filter(Clause::must).count(),
        CITED.size(),
        waived);

    assertThat(Clauses.all().values())
        .filteredOn(Clause::must)
        .extracting(Clause::id)
        .filteredOn(id -> !CITED.contains(id))
        .isSubsetOf(Clauses.waivers().keySet());
    assertThat(waived.getOrDefault(WaiverClass.OPEN, 0L)).isLessThanOrEqualTo(MOST_OPEN);
  }

  @Test
  void waiversAreNeededAndCasesCiteLiveClauses() {
    assertThat(Clauses.waivers().keySet()).doesNotContainAnyElementsOf(CITED);
    assertThat(Clauses.all().keySet()).containsAll(Clauses.waivers().keySet());
    assertThat(Clauses.all().keySet()).containsAll(CITED);
  }

  @Test
  void selects() {
    assertThat(select(List.of("DCM-VER-*"), List.of(), "L0..L5"))
        .isNotEmpty()
        .allMatch(each -> each.references().stream().anyMatch(id -> id.startsWith("DCM-VER-")))
        .hasSizeLessThan(Suite.all().size());
    assertThat(select(List.of(), List.of("destination"), "L0"))
        .isNotEmpty()
        .allMatch(each -> each.name().matches("(handshake|errors|future)/destination/.*"));
    int sum = 0;
    for (int level = 0; level <= 5; level++) {
      sum += select(List.of(), List.of(), "L" + level).size();
    }
    assertThat(sum).isEqualTo(Suite.all().size());
    assertThat(select(List.of(), List.of("nobody"), "L0..L5")).isEmpty();
  }

  /**
   * They take a while, so they are not among the quick ones; whoever claims L1 has to pass them.
   */
  @Test
  void restartsAreOfLevelThreeButProveClausesBelow() {
    List<Case> restarts = select(List.of(), List.of("witness"), "L3..L3");
    assertThat(restarts).extracting(Case::name).contains("restart/witness/vote-kept");
    assertThat(restarts)
        .filteredOn(each -> each.name().equals("restart/witness/vote-kept"))
        .allMatch(each -> new Claims(Map.of("witness", 1)).objection(each).isEmpty());
  }

  @Test
  void explains() {
    StringWriter out = new StringWriter();
    int exitCode =
        Main.commandLine().setOut(new PrintWriter(out)).execute("explain", "DCM-VER-001");
    assertThat(exitCode).isZero();
    assertThat(out.toString())
        .contains(Clauses.all().get("DCM-VER-001").text())
        .contains("handshake/destination/version-chosen");
    assertThat(Main.commandLine().setErr(new PrintWriter(out)).execute("explain", "no-clause"))
        .isEqualTo(2);
  }

  private static List<Case> select(List<String> clauses, List<String> roles, String levels) {
    return new Selection(List.of(), clauses, roles, Levels.parse(levels)).of(Suite.all());
  }
}
