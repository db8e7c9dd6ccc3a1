package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The transition tables of {@code spec/transitions} are what the machines do, cell by cell: each of
 * the {@link Cells} states meets each of their inputs. Run with {@code -Ddcm.tables.update=true} to
 * write the tables anew; keep a change only if you understand it, and change SPEC.md with it.
 */
class TransitionTablesTest {
  private static final Path DIRECTORY =
      Path.of(System.getProperty("basedir", "."), "..", "spec", "transitions");
  private static final String HEADER = "state\tinput\tnext\toutputs";

  @Test
  void source() throws IOException {
    Map<String, String> cells = new LinkedHashMap<>();
    Cells.sourceStates()
        .forEach(
            (stateName, state) ->
                Cells.sourceInputs()
                    .forEach(
                        (inputName, input) -> {
                          SourceStep step = SourceMachine.step(state, input, Cells.NOW_NS);
                          note(
                              cells,
                              stateName,
                              inputName,
                              name(state, step.next()),
                              step.next().equals(state),
                              step.outputs().stream().map(TransitionTablesTest::output).toList());
                        }));
    compare("source", cells);
    assertThat(namesOf(Cells.sourceStates().values())).isEqualTo(permitted(SourceState.class));
    assertThat(namesOf(Cells.sourceInputs().values())).isEqualTo(permitted(SourceInput.class));
  }

  @Test
  void holder() throws IOException {
    Map<String, String> cells = new LinkedHashMap<>();
    Cells.holderStates()
        .forEach(
            (stateName, state) ->
                Cells.holderInputs()
                    .forEach(
                        (inputName, input) -> {
                          HolderStep step = HolderMachine.step(state, input);
                          note(
                              cells,
                              stateName,
                              inputName,
                              name(state, step.next()),
                              step.next().equals(state),
                              step.outputs().stream().map(TransitionTablesTest::output).toList());
                        }));
    compare("holder", cells);
    assertThat(namesOf(Cells.holderStates().values())).isEqualTo(permitted(HolderState.class));
    assertThat(namesOf(Cells.holderInputs().values())).isEqualTo(permitted(HolderInput.class));
  }

  /** A cell in which nothing changes and nothing is done is left out. */
  private static void note(
      Map<String, String> cells,
      String state,
      String input,
      String next,
      boolean same,
      List<String> outputs) {
    if (!same || !outputs.isEmpty()) {
      String did = outputs.isEmpty() ? "-" : String.join(", ", outputs);
      cells.put(state + "\t" + input, (same ? "same" : next) + "\t" + did);
    }
  }

  private static String name(Object before, Object after) {
    return after.getClass().equals(before.getClass())
        ? after.getClass().getSimpleName() + " (changed)"
        : after.getClass().getSimpleName();
  }

  private static String output(Object output) {
    return switch (output) {
      case SourceOutput.Persist persist -> "journal " + persist.record().getClass().getSimpleName();
      case HolderOutput.Persist persist -> "journal " + persist.record().getClass().getSimpleName();
      case SourceOutput.Refuse refuse -> "refuse " + refuse.failure().reason();
      case HolderOutput.Refuse refuse -> "refuse " + refuse.failure().reason();
      case SourceOutput.Ask ask ->
          "ask " + ask.acceptor() + " " + ask.question().getClass().getSimpleName();
      case HolderOutput.Ask ask ->
          "ask " + ask.acceptor() + " " + ask.question().getClass().getSimpleName();
      case SourceOutput.Dismiss dismiss -> "Dismiss " + dismiss.owner();
      default -> output.getClass().getSimpleName();
    };
  }

  private static void compare(String role, Map<String, String> cells) throws IOException {
    Path file = DIRECTORY.resolve(role + ".tsv");
    List<String> lines = new ArrayList<>(List.of(HEADER));
    cells.forEach((cell, outcome) -> lines.add(cell + "\t" + outcome));
    if (Boolean.getBoolean("dcm.tables.update")) {
      Files.createDirectories(DIRECTORY);
      Files.write(file, lines);
    }
    assertThat(lines).as(file.toString()).isEqualTo(Files.readAllLines(file));
  }

  private static Set<String> namesOf(Iterable<?> values) {
    Set<String> names = new TreeSet<>();
    values.forEach(value -> names.add(value.getClass().getSimpleName()));
    return names;
  }

  /** The names of all records of a sealed interface: none may be without a cell. */
  private static Set<String> permitted(Class<?> sealed) {
    return leaves(sealed).stream()
        .map(Class::getSimpleName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static List<Class<?>> leaves(Class<?> type) {
    if (!type.isSealed()) {
      return List.of(type);
    }
    List<Class<?>> all = new ArrayList<>();
    for (Class<?> each : type.getPermittedSubclasses()) {
      all.addAll(leaves(each));
    }
    return all;
  }
}
