package org.dcmigrate.protocol.trace;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The transition tables of {@code spec/transitions}, without the variations of states and inputs:
 * which next states a state may have after an input, and what is done then, in which order. What is
 * done for several peers in turn counts once.
 */
public final class Tables {
  private static final Set<String> TO_OTHERS = Set.of("Release", "Dismiss", "Detach", "Abort");

  private record Cell(Role role, String state, String event) {}

  private record Outcome(String next, List<String> outputs) {}

  private final Map<Cell, Set<Outcome>> cells;

  private Tables(Map<Cell, Set<Outcome>> cells) {
    this.cells = cells;
  }

  /** The tables that this build comes with. */
  public static Tables published() {
    Map<Role, List<String>> files = new EnumMap<>(Role.class);
    for (Role role : Role.values()) {
      String name = role.text() + ".tsv";
      try (InputStream file =
          Objects.requireNonNull(Tables.class.getResourceAsStream(name), name)) {
        String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
        files.put(role, text.lines().toList());
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
    return of(files);
  }

  /** Reads the lines of the three files, each with its heading. */
  static Tables of(Map<Role, List<String>> files) {
    Map<Cell, Set<Outcome>> cells = new HashMap<>();
    files.forEach(
        (role, lines) ->
            lines.stream()
                .skip(1)
                .map(line -> line.split("\t", -1))
                .forEach(
                    row -> {
                      String state = kind(row[0]);
                      String next = row[2].equals("same") ? state : kind(row[2]);
                      List<String> outputs =
                          row[3].equals("-") ? List.of() : List.of(row[3].split(", ", -1));
                      cells
                          .computeIfAbsent(
                              new Cell(role, state, kind(row[1])), cell -> new HashSet<>())
                          .add(new Outcome(next, normal(role, outputs)));
                    }));
    return new Tables(cells);
  }

  private static String kind(String variation) {
    return variation.split("[^A-Za-z]", 2)[0];
  }

  private static List<String> normal(Role role, List<String> outputs) {
    List<String> normal = new ArrayList<>();
    for (String output : outputs) {
      // To whom a proposer turns depends on the peers; a voter's answers are no part of its steps.
      String kind = output.replaceFirst("^Ask \\S+ (?=\\S+$)", "Ask ");
      boolean again = !normal.isEmpty() && normal.getLast().equals(kind);
      boolean told = role != Role.VOTER || kind.startsWith("journal ");
      if (told && !again) {
        normal.add(kind);
      }
    }
    return normal;
  }

  /** The next states that are allowed; none where nothing happens in this cell. */
  Set<String> next(Transition step) {
    return outcomes(step).stream().map(Outcome::next).collect(Collectors.toUnmodifiableSet());
  }

  /** What may be done in a step to this state: of each possibility the outputs, in their order. */
  Set<List<String>> outputs(Transition step) {
    return outcomes(step).stream()
        .filter(outcome -> outcome.next().equals(step.next()))
        .map(Outcome::outputs)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether a step to this state may do what it did, in this order. */
  boolean allows(Transition step) {
    List<String> done = done(step);
    return outputs(step).stream().anyMatch(row -> fits(row, done));
  }

  /** Where there are no old destinations, or no witness, nothing is said to them. */
  private static boolean fits(List<String> row, List<String> done) {
    int next = 0;
    for (String output : row) {
      if (next < done.size() && done.get(next).equals(output)) {
        next++;
      } else if (!TO_OTHERS.contains(output.split(" ", 2)[0])) {
        return false;
      }
    }
    return next == done.size();
  }

  /** What was done in a step, in the form of {@link #outputs}. */
  static List<String> done(Transition step) {
    return normal(step.role(), step.outputs());
  }

  private Set<Outcome> outcomes(Transition step) {
    if (step.event().equals(Transition.RESOLVE_HEARD)) {
      return mayBeResolved(step) ? Set.of(new Outcome(step.state(), List.of())) : Set.of();
    }
    return cells.getOrDefault(new Cell(step.role(), step.state(), step.event()), Set.of());
  }

  private boolean mayBeResolved(Transition step) {
    return cells
        .getOrDefault(new Cell(step.role(), step.state(), "ResolveAsked"), Set.of())
        .stream()
        .anyMatch(outcome -> !outcome.next().equals(step.state()));
  }
}
