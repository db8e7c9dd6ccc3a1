package org.dcmigrate.protocol.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A kind of state and a kind of input that the exploration does not bring together, and who does:
 * {@code exploration/unreached.tsv} has them all.
 *
 * @param role source or holder
 */
record Pair(String role, String state, String input) implements Comparable<Pair> {
  private static final Path FILE =
      Path.of(System.getProperty("basedir", "."), "src/test/resources/exploration/unreached.tsv");

  /** Who brings a pair together. */
  sealed interface By {
    /** Schedules of the simulation do. */
    record Simulation() implements By {}

    /** The transition tables do: it takes more than bounds and chance give. */
    record Table() implements By {}

    /** Nothing does but a defect, and the tables all the same. */
    record Impossible(String why) implements By {}
  }

  /** A line of the file. */
  record Line(Pair pair, By by) {}

  static Pair ofSource(SourceState state, SourceInput input) {
    return new Pair("source", name(state.getClass()), name(input.getClass()));
  }

  static Pair ofHolder(HolderState state, HolderInput input) {
    return new Pair("holder", name(state.getClass()), name(input.getClass()));
  }

  /** All that was met. */
  static Set<Pair> seen(Coverage coverage) {
    Set<Pair> seen = new TreeSet<>();
    coverage
        .ofSource()
        .forEach(step -> seen.add(new Pair("source", name(step.state()), name(step.input()))));
    coverage
        .ofHolder()
        .forEach(step -> seen.add(new Pair("holder", name(step.state()), name(step.input()))));
    return seen;
  }

  /** All that there are. */
  static Set<Pair> all() {
    Set<Pair> all = new TreeSet<>();
    for (SourceState state : Cells.sourceStates().values()) {
      Cells.sourceInputs().values().forEach(input -> all.add(ofSource(state, input)));
    }
    for (HolderState state : Cells.holderStates().values()) {
      Cells.holderInputs().values().forEach(input -> all.add(ofHolder(state, input)));
    }
    return all;
  }

  private static String name(Class<?> kind) {
    return kind.getSimpleName();
  }

  /** The lines of the file, in their order. */
  static List<Line> lines() throws IOException {
    List<Line> lines = new ArrayList<>();
    for (String line : Files.readAllLines(FILE)) {
      String[] cells = line.split("\t", -1);
      if (cells.length != 4) {
        throw new IOException("four columns are wanted, but a line was: " + line);
      }
      lines.add(new Line(new Pair(cells[0], cells[1], cells[2]), by(cells[3])));
    }
    return lines;
  }

  private static By by(String cell) throws IOException {
    if (cell.equals("simulation")) {
      return new By.Simulation();
    }
    if (cell.equals("table")) {
      return new By.Table();
    }
    if (cell.matches("impossible: \\S.*")) {
      return new By.Impossible(cell.substring("impossible: ".length()));
    }
    throw new IOException("simulation, table or impossible: why is wanted, but it was: " + cell);
  }

  static Set<Pair> leftTo(Class<? extends By> by) throws IOException {
    Set<Pair> pairs = new TreeSet<>();
    for (Line line : lines()) {
      if (by.isInstance(line.by())) {
        pairs.add(line.pair());
      }
    }
    return pairs;
  }

  @Override
  public int compareTo(Pair other) {
    return toString().compareTo(other.toString());
  }

  @Override
  public String toString() {
    return String.join("\t", role, state, input);
  }
}
