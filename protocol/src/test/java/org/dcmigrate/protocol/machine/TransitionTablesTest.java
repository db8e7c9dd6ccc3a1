package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.trace.Transition;
import org.dcmigrate.protocol.trace.Transitions;
import org.dcmigrate.protocol.trace.VoterEvent;
import org.junit.jupiter.api.Test;

/**
 * The transition tables of {@code spec/transitions} are what the machines do, cell by cell: each of
 * the {@link Cells} states meets each of their inputs. Run with {@code -Ddcm.tables.update=true} to
 * write the tables anew; keep a change only if you understand it, and change SPEC.md with it.
 */
class TransitionTablesTest {
  private static final Path DIRECTORY =
      Path.of(System.getProperty("basedir", "."), "..", "spec", "transitions");
  private static final String HEADER = "state\tinput\tnext\toutputs\tclause";

  @Test
  void source() throws IOException {
    List<String> rows = new ArrayList<>();
    Cells.sourceBeginnings()
        .forEach(
            (name, step) ->
                begins(
                    rows,
                    name,
                    step.next(),
                    step.outputs().stream().map(TransitionTablesTest::output).toList(),
                    name.startsWith("Recovered")
                        ? Transitions.sourceRecovered(step)
                        : Transitions.sourceStarted(step)));
    Cells.sourceStates()
        .forEach(
            (stateName, state) ->
                Cells.sourceInputs()
                    .forEach((inputName, input) -> note(rows, stateName, state, inputName, input)));
    compare("source", rows);
    assertThat(namesOf(Cells.sourceStates().values())).isEqualTo(permitted(SourceState.class));
    assertThat(namesOf(Cells.sourceInputs().values())).isEqualTo(permitted(SourceInput.class));
  }

  @Test
  void holder() throws IOException {
    List<String> rows = new ArrayList<>();
    Cells.holderBeginnings()
        .forEach(
            (name, step) ->
                begins(
                    rows,
                    name,
                    step.next(),
                    step.outputs().stream().map(TransitionTablesTest::output).toList(),
                    name.startsWith("Recovered")
                        ? Transitions.holderRecovered(step)
                        : Transitions.holderOpened(step)));
    Cells.holderStates()
        .forEach(
            (stateName, state) ->
                Cells.holderInputs()
                    .forEach((inputName, input) -> note(rows, stateName, state, inputName, input)));
    compare("holder", rows);
    assertThat(namesOf(Cells.holderStates().values())).isEqualTo(permitted(HolderState.class));
    assertThat(namesOf(Cells.holderInputs().values())).isEqualTo(permitted(HolderInput.class));
  }

  @Test
  void voter() throws IOException {
    List<String> rows = new ArrayList<>();
    Cells.voterBeginnings()
        .forEach(
            (name, seat) -> {
              Transition step =
                  Transitions.voter(5, Cells.VOTERS, Optional.empty(), event(name), seat);
              note(rows, Transition.ABSENT, name, step.next(), step.outputs(), step.clause());
            });
    Cells.voterStates()
        .forEach(
            (stateName, state) -> {
              Cells.voterQuestions()
                  .forEach(
                      (questionName, question) -> {
                        Acceptor.Step step = state.ask(question);
                        seat(rows, stateName, questionName, state, step.next(), step.answer());
                      });
              for (String told : List.of("Dismissed", "Settled")) {
                for (Choice owner : Choice.values()) {
                  seat(
                      rows,
                      stateName,
                      told + ", the " + owner.name().toLowerCase(Locale.ROOT) + " owns the guest",
                      state,
                      Acceptor.ended(owner));
                }
              }
            });
    compare("voter", rows);
  }

  private static void note(
      List<String> rows, String stateName, SourceState state, String inputName, SourceInput input) {
    SourceStep step = SourceMachine.step(state, input, Cells.NOW_NS);
    note(
        rows,
        stateName,
        inputName,
        step.next().equals(state) ? "same" : name(state, step.next()),
        step.outputs().stream().map(TransitionTablesTest::output).toList(),
        Transitions.source(state, input, step).clause());
  }

  private static void note(
      List<String> rows, String stateName, HolderState state, String inputName, HolderInput input) {
    HolderStep step = HolderMachine.step(state, input);
    note(
        rows,
        stateName,
        inputName,
        step.next().equals(state) ? "same" : name(state, step.next()),
        step.outputs().stream().map(TransitionTablesTest::output).toList(),
        Transitions.holder(state, input, step).clause());
  }

  /**
   * The pairs of state and input that neither the exploration nor the simulation brings together:
   * each variation of such a state meets each of such an input here, and does what the published
   * table says, which has no row where nothing happens.
   */
  @Test
  void whatIsLeftToTheTablesIsDriven() throws IOException {
    Set<Pair> left = Pair.leftTo(Pair.By.Table.class);
    left.addAll(Pair.leftTo(Pair.By.Impossible.class));
    Set<String> sources = new TreeSet<>(Files.readAllLines(DIRECTORY.resolve("source.tsv")));
    Set<String> holders = new TreeSet<>(Files.readAllLines(DIRECTORY.resolve("holder.tsv")));
    Set<Pair> driven = new TreeSet<>();
    Cells.sourceStates()
        .forEach(
            (stateName, state) ->
                Cells.sourceInputs()
                    .forEach(
                        (inputName, input) -> {
                          if (left.contains(Pair.ofSource(state, input))) {
                            List<String> row = new ArrayList<>();
                            note(row, stateName, state, inputName, input);
                            assertThat(rowOf(sources, stateName, inputName)).isEqualTo(row);
                            driven.add(Pair.ofSource(state, input));
                          }
                        }));
    Cells.holderStates()
        .forEach(
            (stateName, state) ->
                Cells.holderInputs()
                    .forEach(
                        (inputName, input) -> {
                          if (left.contains(Pair.ofHolder(state, input))) {
                            List<String> row = new ArrayList<>();
                            note(row, stateName, state, inputName, input);
                            assertThat(rowOf(holders, stateName, inputName)).isEqualTo(row);
                            driven.add(Pair.ofHolder(state, input));
                          }
                        }));
    assertThat(driven).isEqualTo(left);
  }

  private static List<String> rowOf(Set<String> table, String stateName, String inputName) {
    String key = stateName + "\t" + inputName + "\t";
    return table.stream().filter(row -> row.startsWith(key)).toList();
  }

  private static void seat(
      List<String> rows,
      String stateName,
      String inputName,
      Acceptor before,
      Acceptor after,
      Object... answers) {
    Transition step =
        Transitions.voter(5, Cells.VOTERS, Optional.of(before), event(inputName), after);
    List<String> outputs = new ArrayList<>(step.outputs());
    Stream.of(answers).forEach(answer -> outputs.add("answer " + Describe.answer(answer)));
    String next = step.state().equals(step.next()) ? step.next() + " (changed)" : step.next();
    note(rows, stateName, inputName, before.equals(after) ? "same" : next, outputs, step.clause());
  }

  private static VoterEvent event(String inputName) {
    return Stream.of(VoterEvent.values())
        .filter(each -> inputName.startsWith(each.text()))
        .findFirst()
        .orElseThrow();
  }

  private static void begins(
      List<String> rows, String input, Object next, List<String> outputs, Transition step) {
    note(rows, Transition.ABSENT, input, next.getClass().getSimpleName(), outputs, step.clause());
  }

  /** A cell in which nothing changes and nothing is done is left out. */
  private static void note(
      List<String> rows,
      String state,
      String input,
      String next,
      List<String> outputs,
      String clause) {
    if (!next.equals("same") || !outputs.isEmpty()) {
      String did = outputs.isEmpty() ? "-" : String.join(", ", outputs);
      rows.add(String.join("\t", state, input, next, did, clause));
    }
  }

  private static String output(SourceOutput output) {
    return output instanceof SourceOutput.Ask ask
        ? "Ask " + ask.acceptor() + " " + ask.question().getClass().getSimpleName()
        : Transitions.output(output);
  }

  private static String output(HolderOutput output) {
    return output instanceof HolderOutput.Ask ask
        ? "Ask " + ask.acceptor() + " " + ask.question().getClass().getSimpleName()
        : Transitions.output(output);
  }

  private static String name(Object before, Object after) {
    return after.getClass().equals(before.getClass())
        ? after.getClass().getSimpleName() + " (changed)"
        : after.getClass().getSimpleName();
  }

  private static void compare(String role, List<String> rows) throws IOException {
    Path file = DIRECTORY.resolve(role + ".tsv");
    List<String> lines = new ArrayList<>(List.of(HEADER));
    lines.addAll(rows);
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
