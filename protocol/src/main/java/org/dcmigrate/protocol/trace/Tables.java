package org.dcmigrate.protocol.trace;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
 * which next states a state may have after an input, and which records are written then.
 */
public final class Tables {
  private record Cell(Role role, String state, String event) {}

  private record Outcome(String next, List<String> records) {}

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
                      List<String> outputs = List.of(row[3].split(", ", -1));
                      cells
                          .computeIfAbsent(
                              new Cell(role, state, kind(row[1])), cell -> new HashSet<>())
                          .add(new Outcome(next, records(outputs)));
                    }));
    return new Tables(cells);
  }

  private static String kind(String variation) {
    return variation.split("[^A-Za-z]", 2)[0];
  }

  private static List<String> records(List<String> outputs) {
    return outputs.stream().filter(output -> output.startsWith("journal ")).toList();
  }

  /** The next states that are allowed; none where nothing happens in this cell. */
  Set<String> next(Transition step) {
    return outcomes(step).stream().map(Outcome::next).collect(Collectors.toUnmodifiableSet());
  }

  /** Whether a step to this state may write these records. */
  boolean allowsRecords(Transition step) {
    return outcomes(step).contains(new Outcome(step.next(), records(step.outputs())));
  }

  private Set<Outcome> outcomes(Transition step) {
    return cells.getOrDefault(new Cell(step.role(), step.state(), step.event()), Set.of());
  }
}
