package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.machine.Explorer.Broken;
import org.dcmigrate.protocol.machine.Explorer.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Everything that can happen within the bounds of {@link Exploration}: no rule breaks, each step is
 * in the tables of {@code spec/transitions}, and each kind of input meets each kind of state, but
 * for those pairs of {@code exploration/unreached.tsv}, which says who brings them together. Run
 * with {@code -Ddcm.unreached.print=true} to see what that file lacks.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExplorationTest {
  private static final Path BASE = Path.of(System.getProperty("basedir", "."));

  private final Coverage coverage = new Coverage(Machines.REAL);
  private final List<Report> reports =
      Exploration.SCENARIOS.stream().map(bounds -> Explorer.explore(coverage, bounds)).toList();

  @Test
  void noRuleIsBroken() {
    reports.forEach(System.out::println);
    for (Report report : reports) {
      assertThat(report.broken().stream().map(ExplorationTest::lines))
          .as(report.bounds().name())
          .isEmpty();
      // What reaches little proves little.
      assertThat(report.states()).as(report.bounds().name()).isGreaterThan(1_000);
      assertThat(report.ends()).as(report.bounds().name()).isPositive();
    }
  }

  private static String lines(Broken broken) {
    return broken.rule() + "\n" + String.join("\n", broken.trace());
  }

  @Test
  void eachTransitionIsInTheTables() throws IOException {
    assertThat(transitions(coverage.ofSource())).isSubsetOf(table("source"));
    assertThat(transitions(coverage.ofHolder())).isSubsetOf(table("holder"));
  }

  /** Those in which something happens: the tables leave the others out. */
  private static Set<String> transitions(Set<Coverage.Seen> seen) {
    return seen.stream()
        .filter(step -> !step.quiet())
        .map(
            step ->
                String.join(
                    " ",
                    step.state().getSimpleName(),
                    step.input().getSimpleName(),
                    step.next().getSimpleName()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> table(String role) throws IOException {
    Path file = BASE.resolve(Path.of("..", "spec", "transitions", role + ".tsv"));
    return Files.readAllLines(file).stream()
        .skip(1)
        .map(line -> line.split("\t", -1))
        .map(
            cells -> {
              String state = leading(cells[0]);
              String next = cells[2].equals("same") ? state : leading(cells[2]);
              return state + " " + leading(cells[1]) + " " + next;
            })
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** A name without the variation. */
  private static String leading(String cell) {
    return cell.split("[^A-Za-z]", 2)[0];
  }

  @Test
  void eachPairIsExercisedHereOrElsewhere() throws IOException {
    Set<Pair> unreached = Pair.all();
    unreached.removeAll(Pair.seen(coverage));
    if (Boolean.getBoolean("dcm.unreached.print")) {
      unreached.forEach(System.out::println);
    }
    List<Pair> left = Pair.lines().stream().map(Pair.Line::pair).toList();
    assertThat(left).doesNotHaveDuplicates();
    assertThat(new TreeSet<>(left)).isEqualTo(unreached);
  }

  static List<String> mutants() {
    return new ArrayList<>(new TreeSet<>(Exploration.HUNTS.keySet()));
  }

  @ParameterizedTest
  @MethodSource("mutants")
  void aMutantIsFoundByAShortestWay(String name) {
    Report report = Explorer.explore(Exploration.mutant(name), Exploration.HUNTS.get(name));
    assertThat(report.broken()).as(name).isPresent();
    assertThat(report.broken().get().trace()).as(name).hasSizeBetween(10, 80);
  }
}
