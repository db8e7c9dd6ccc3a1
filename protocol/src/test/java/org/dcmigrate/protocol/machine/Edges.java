package org.dcmigrate.protocol.machine;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.stream.IntStream;

/** Which product follows which without a fault, and where a run may end. */
final class Edges {
  private final BitSet targets = new BitSet();
  private int[] from = new int[1 << 12];
  private int[] to = new int[1 << 12];
  private int size;

  void add(int before, int after) {
    if (size == from.length) {
      from = Arrays.copyOf(from, size * 2);
      to = Arrays.copyOf(to, size * 2);
    }
    from[size] = before;
    to[size++] = after;
  }

  void target(int product) {
    targets.set(product);
  }

  /** The first product from which no target is reached. Most edges lead to later products. */
  Optional<Integer> firstWithoutTarget(int products) {
    BitSet reaching = (BitSet) targets.clone();
    boolean more = true;
    while (more) {
      more = false;
      for (int edge = size - 1; edge >= 0; edge--) {
        if (reaching.get(to[edge]) && !reaching.get(from[edge])) {
          reaching.set(from[edge]);
          more = true;
        }
      }
    }
    return IntStream.range(0, products)
        .filter(product -> !reaching.get(product))
        .boxed()
        .findFirst();
  }
}
