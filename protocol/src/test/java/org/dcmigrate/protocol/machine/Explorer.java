package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.dcmigrate.protocol.machine.Product.Guest;
import org.dcmigrate.protocol.machine.Product.HolderPeer;
import org.dcmigrate.protocol.machine.Product.Remaining;
import org.dcmigrate.protocol.machine.Product.SourcePeer;

/**
 * Reaches every {@link Product} that the bounds allow, breadth first, and checks each: so what it
 * finds broken, it finds by a shortest way.
 */
final class Explorer {
  private static final int AT_ONCE = 8192;

  /** A rule that was broken, and how. */
  record Broken(String rule, List<String> trace) {}

  /**
   * What came of an exploration.
   *
   * @param ends products in which nothing goes on any more
   * @param limited products in which the bounds left something out
   * @param unknown products that lead to limited ones only: whether they come to an end is not
   *     known
   */
  record Report(
      Bounds bounds,
      int states,
      long transitions,
      int depth,
      int ends,
      int limited,
      int unknown,
      double seconds,
      Optional<Broken> broken) {
    @Override
    public String toString() {
      return "%-40s %9d states %10d transitions  depth %3d  %5d ends %6d limited %6d unknown  %5.1f s"
          .formatted(bounds.name(), states, transitions, depth, ends, limited, unknown, seconds);
    }
  }

  /** What comes next of one product; {@code broken}: by the first move that broke a rule. */
  private record Expansion(
      int from, int[] split, boolean[] free, boolean limited, Optional<Step> broken) {}

  private record Step(String what, String rule) {}

  private final Machines machines;
  private final Bounds bounds;
  private final Visited visited = new Visited();
  private final Edges edges = new Edges();
  private final BitSet ends = new BitSet();
  private final BitSet good = new BitSet();
  private final BitSet limited = new BitSet();
  private int unknown;

  private Explorer(Machines machines, Bounds bounds) {
    this.machines = machines;
    this.bounds = bounds;
  }

  static Report explore(Machines machines, Bounds bounds) {
    return new Explorer(machines, bounds).run();
  }

  private Report run() {
    long startNs = System.nanoTime();
    visited.add(visited.split(beginning()), -1);
    long transitions = 0;
    int depth = 0;
    int level = 0;
    Optional<Broken> broken = Optional.empty();
    while (level < visited.size() && broken.isEmpty()) {
      int next = visited.size();
      for (int first = level; first < next && broken.isEmpty(); first += AT_ONCE) {
        List<Expansion> expansions =
            IntStream.range(first, Math.min(next, first + AT_ONCE))
                .parallel()
                .mapToObj(this::expand)
                .toList();
        for (Expansion expansion : expansions) {
          transitions += expansion.free().length;
          broken = take(expansion);
          if (broken.isPresent()) {
            break;
          }
        }
      }
      level = next;
      depth++;
    }
    if (broken.isEmpty()) {
      broken = withoutEnd();
    }
    double seconds = (System.nanoTime() - startNs) / 1e9;
    return new Report(
        bounds,
        visited.size(),
        transitions,
        depth,
        ends.cardinality(),
        limited.cardinality(),
        unknown,
        seconds,
        broken);
  }

  private Product beginning() {
    HolderPeer nobody =
        new HolderPeer(
            true,
            Optional.empty(),
            List.of(),
            Collections.unmodifiableSortedMap(new TreeMap<>()),
            Guest.NONE,
            Optional.empty(),
            Optional.empty(),
            Set.of());
    SourcePeer source =
        new SourcePeer(
            true,
            Optional.empty(),
            List.of(),
            List.of(),
            Collections.unmodifiableSortedMap(new TreeMap<>()),
            WorldGuest.Power.RUNNING,
            false,
            Optional.empty(),
            Set.of());
    return new Product(
        source,
        nobody,
        nobody,
        Set.of(),
        Set.of(),
        new Remaining(
            false,
            bounds.redirects(),
            bounds.cancels(),
            bounds.resolutions(),
            bounds.faults(),
            Optional.empty()));
  }

  private Expansion expand(int from) {
    List<int[]> splits = new ArrayList<>();
    List<Boolean> free = new ArrayList<>();
    List<Step> broken = new ArrayList<>();
    boolean isLimited =
        Moves.each(
            machines,
            bounds,
            visited.product(from),
            new Moves.Visitor() {
              @Override
              public void moved(Supplier<String> what, boolean isFree, Product next) {
                splits.add(visited.split(next));
                free.add(isFree);
              }

              @Override
              public void broken(Supplier<String> what, String rule) {
                broken.add(new Step(what.get(), rule));
              }
            });
    int[] all = new int[splits.size() * Visited.PARTS];
    boolean[] frees = new boolean[splits.size()];
    for (int i = 0; i < frees.length; i++) {
      System.arraycopy(splits.get(i), 0, all, i * Visited.PARTS, Visited.PARTS);
      frees[i] = free.get(i);
    }
    return new Expansion(from, all, frees, isLimited, broken.stream().findFirst());
  }

  private Optional<Broken> take(Expansion expansion) {
    int from = expansion.from();
    if (expansion.broken().isPresent()) {
      Step step = expansion.broken().get();
      List<String> trace = trace(from);
      trace.add(step.what());
      return Optional.of(new Broken(step.rule(), trace));
    }
    boolean goesOn = false;
    for (int i = 0; i < expansion.free().length; i++) {
      int[] split =
          Arrays.copyOfRange(expansion.split(), i * Visited.PARTS, (i + 1) * Visited.PARTS);
      int to = visited.add(split, from);
      if (expansion.free()[i] && to != from) {
        goesOn = true;
        edges.add(from, to);
      }
    }
    if (expansion.limited()) {
      limited.set(from);
    } else if (!goesOn) {
      Optional<String> bad = ProductRules.badEnd(visited.product(from));
      if (bad.isPresent()) {
        return Optional.of(new Broken(bad.get(), trace(from)));
      }
      ends.set(from);
      good.set(from);
    }
    // Who waits for a peer that is dead for good goes on asking it.
    if (!bounds.restarts() && ProductRules.badEnd(visited.product(from)).isEmpty()) {
      good.set(from);
    }
    return Optional.empty();
  }

  /**
   * From everywhere the migration can come to its end without a fault that helps; where the bounds
   * have cut it short, that is not known.
   */
  private Optional<Broken> withoutEnd() {
    BitSet ending = edges.leadingTo(good);
    BitSet cutShort = (BitSet) good.clone();
    cutShort.or(limited);
    cutShort = edges.leadingTo(cutShort);
    unknown = cutShort.cardinality() - ending.cardinality();
    int from = cutShort.nextClearBit(0);
    return from < visited.size()
        ? Optional.of(new Broken("from here no end is reached", trace(from)))
        : Optional.empty();
  }

  /** How this product is reached: each move, and what is then. */
  private List<String> trace(int to) {
    List<Integer> way = new ArrayList<>();
    for (int at = to; at >= 0; at = visited.parent(at)) {
      way.addFirst(at);
    }
    List<String> lines = new ArrayList<>();
    for (int i = 1; i < way.size(); i++) {
      lines.add(what(visited.product(way.get(i - 1)), visited.product(way.get(i))));
      lines.add("      " + Trace.brief(visited.product(way.get(i))));
    }
    return lines;
  }

  private String what(Product before, Product after) {
    List<String> found = new ArrayList<>();
    Moves.each(
        machines,
        bounds,
        before,
        new Moves.Visitor() {
          @Override
          public void moved(Supplier<String> what, boolean free, Product next) {
            if (next.equals(after)) {
              found.add(what.get());
            }
          }

          @Override
          public void broken(Supplier<String> what, String rule) {}
        });
    return found.getFirst();
  }
}
