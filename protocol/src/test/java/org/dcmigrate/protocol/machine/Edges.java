package org.dcmigrate.protocol.machine;

import java.util.Arrays;
import java.util.BitSet;

/** Which product follows which without a fault. */
final class Edges {
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

  /** The products from which one of these is reached. Most edges lead to later products. */
  BitSet leadingTo(BitSet targets) {
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
    return reaching;
  }
}
