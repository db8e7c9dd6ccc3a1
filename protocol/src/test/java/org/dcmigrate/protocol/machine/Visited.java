package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.dcmigrate.protocol.machine.Product.Call;
import org.dcmigrate.protocol.machine.Product.Cast;
import org.dcmigrate.protocol.machine.Product.HolderPeer;
import org.dcmigrate.protocol.machine.Product.Remaining;
import org.dcmigrate.protocol.machine.Product.SourcePeer;

/**
 * The products that were reached, numbered in the order in which they were, exactly: few values of
 * each part make many products, so that a product is kept as the numbers of its parts.
 */
final class Visited {
  /** How many numbers a product is. */
  static final int PARTS = 6;

  private final Values<SourcePeer> sources = new Values<>();
  private final Values<HolderPeer> holders = new Values<>();
  private final Values<Set<Call>> calls = new Values<>();
  private final Values<Set<Cast>> casts = new Values<>();
  private final Values<Remaining> remaining = new Values<>();
  private int[] parts = new int[PARTS << 12];
  private int[] parents = new int[1 << 12];
  private int[] slots = new int[1 << 13];
  private int size;

  int size() {
    return size;
  }

  int parent(int product) {
    return parents[product];
  }

  /** The numbers of the parts; may be called by several threads. */
  int[] split(Product product) {
    return new int[] {
      sources.number(product.source()),
      holders.number(product.a()),
      holders.number(product.b()),
      calls.number(product.calls()),
      casts.number(product.casts()),
      remaining.number(product.remaining())
    };
  }

  Product product(int number) {
    int at = number * PARTS;
    return new Product(
        sources.value(parts[at]),
        holders.value(parts[at + 1]),
        holders.value(parts[at + 2]),
        calls.value(parts[at + 3]),
        casts.value(parts[at + 4]),
        remaining.value(parts[at + 5]));
  }

  /** The number of a product; a new one where it is reached for the first time. */
  int add(int[] split, int parent) {
    int slot = slotOf(split);
    if (slots[slot] != 0) {
      return slots[slot] - 1;
    }
    if (size == parents.length) {
      parents = Arrays.copyOf(parents, size * 2);
      parts = Arrays.copyOf(parts, size * 2 * PARTS);
      rehash();
      slot = slotOf(split);
    }
    System.arraycopy(split, 0, parts, size * PARTS, PARTS);
    parents[size] = parent;
    slots[slot] = ++size;
    return size - 1;
  }

  /** Where a product is, or is to be. */
  private int slotOf(int[] split) {
    long hash = 0;
    for (int part : split) {
      hash = (hash + part + 1) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    int slot = (int) hash & (slots.length - 1);
    while (slots[slot] != 0 && !isAt(slots[slot] - 1, split)) {
      slot = (slot + 1) & (slots.length - 1);
    }
    return slot;
  }

  private boolean isAt(int product, int[] split) {
    int at = product * PARTS;
    return Arrays.equals(parts, at, at + PARTS, split, 0, PARTS);
  }

  private void rehash() {
    slots = new int[slots.length * 2];
    for (int product = 0; product < size; product++) {
      int at = product * PARTS;
      slots[slotOf(Arrays.copyOfRange(parts, at, at + PARTS))] = product + 1;
    }
  }

  /** Values and their numbers. */
  private static final class Values<T> {
    private final ConcurrentMap<T, Integer> numbers = new ConcurrentHashMap<>();
    private final List<T> values = new ArrayList<>();

    int number(T value) {
      return numbers.computeIfAbsent(value, this::add);
    }

    private synchronized int add(T value) {
      values.add(value);
      return values.size() - 1;
    }

    synchronized T value(int number) {
      return values.get(number);
    }
  }
}
