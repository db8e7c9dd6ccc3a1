package org.dcmigrate.protocol.pages;

/** The bits of one block, addressed by page; ends of ranges are exclusive. */
final class Bits {
  private final long size;
  private final long[] words;
  // No bit is set in a word below lowest or above highest.
  private int lowest;
  private int highest;

  Bits(long size) {
    this.size = size;
    words = new long[Math.toIntExact((size + Long.SIZE - 1) / Long.SIZE)];
    lowest = words.length;
    highest = -1;
  }

  boolean get(long bit) {
    return (words[word(bit)] >>> bit & 1) != 0;
  }

  /** Sets bits; gives the number that were not set. */
  long set(long from, long to) {
    if (from >= to) {
      return 0;
    }
    int last = word(to - 1);
    long changed = 0;
    for (int w = word(from); w <= last; w++) {
      long mask = mask(w, from, to);
      changed += Long.bitCount(mask & ~words[w]);
      words[w] |= mask;
    }
    lowest = Math.min(lowest, word(from));
    highest = Math.max(highest, last);
    return changed;
  }

  /** Clears bits; gives the number that were set. */
  long clear(long from, long to) {
    if (from >= to) {
      return 0;
    }
    int first = Math.max(word(from), lowest);
    int last = Math.min(word(to - 1), highest);
    long changed = 0;
    for (int w = first; w <= last; w++) {
      long mask = mask(w, from, to);
      changed += Long.bitCount(mask & words[w]);
      words[w] &= ~mask;
    }
    return changed;
  }

  /** Number of bits set in a range. */
  long count(long from, long to) {
    if (from >= to) {
      return 0;
    }
    int first = Math.max(word(from), lowest);
    int last = Math.min(word(to - 1), highest);
    long found = 0;
    for (int w = first; w <= last; w++) {
      found += Long.bitCount(mask(w, from, to) & words[w]);
    }
    return found;
  }

  /** The first bit set at or after this one, or -1. */
  long nextSet(long from) {
    if (from >= size) {
      return -1;
    }
    int start = word(from);
    boolean fromLowest = from <= (long) lowest * Long.SIZE;
    int w = Math.max(start, lowest);
    long bits = w > highest ? 0 : words[w] & mask(w, from, size);
    while (bits == 0 && w < highest) {
      w++;
      bits = words[w];
    }
    if (fromLowest) {
      // Everything from the lowest word on was looked at: the next search begins where this ended.
      lowest = bits == 0 ? words.length : w;
      highest = bits == 0 ? -1 : highest;
    }
    if (bits == 0) {
      return -1;
    }
    return (long) w * Long.SIZE + Long.numberOfTrailingZeros(bits);
  }

  /** The last bit set at or before this one, or -1. */
  long previousSet(long from) {
    if (from < 0) {
      return -1;
    }
    int start = word(from);
    boolean fromHighest = from == size - 1 || from + 1 >= (highest + 1L) * Long.SIZE;
    int w = Math.min(start, highest);
    long bits = w < lowest ? 0 : words[w] & mask(w, 0, from + 1);
    while (bits == 0 && w > lowest) {
      w--;
      bits = words[w];
    }
    if (fromHighest) {
      lowest = bits == 0 ? words.length : lowest;
      highest = bits == 0 ? -1 : w;
    }
    if (bits == 0) {
      return -1;
    }
    return (long) w * Long.SIZE + Long.SIZE - 1 - Long.numberOfLeadingZeros(bits);
  }

  /** How many bits from this one on are set without a gap, at most {@code max}. */
  long runUp(long from, long max) {
    long end = max < size - from ? from + max : size;
    for (int w = word(from); ; w++) {
      long clear = ~words[w] & mask(w, from, end);
      if (clear != 0) {
        return (long) w * Long.SIZE + Long.numberOfTrailingZeros(clear) - from;
      }
      if (w == word(end - 1)) {
        return end - from;
      }
    }
  }

  /** How many bits from this one down are set without a gap, at most {@code max}. */
  long runDown(long from, long max) {
    long begin = max <= from ? from - max + 1 : 0;
    for (int w = word(from); ; w--) {
      long clear = ~words[w] & mask(w, begin, from + 1);
      if (clear != 0) {
        return from - ((long) w * Long.SIZE + Long.SIZE - 1 - Long.numberOfLeadingZeros(clear));
      }
      if (w == word(begin)) {
        return from - begin + 1;
      }
    }
  }

  private static int word(long bit) {
    return (int) (bit / Long.SIZE);
  }

  /** The bits of a word that lie in a range. */
  private static long mask(int word, long from, long to) {
    long base = (long) word * Long.SIZE;
    long mask = -1L;
    if (from > base) {
      mask &= from - base >= Long.SIZE ? 0 : -1L << (from - base);
    }
    if (to - base < Long.SIZE) {
      mask &= to <= base ? 0 : -1L >>> (Long.SIZE - (to - base));
    }
    return mask;
  }
}
