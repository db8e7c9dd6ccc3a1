package org.dcmigrate.peer.guest.synthetic;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Which pages were written since they were last read. The writer marks a page after it has written
 * it, the reader takes the mark before it reads: so no write is ever missed.
 */
final class DirtyPages {
  private final long pages;
  private final AtomicLongArray words;
  private final LongAdder marked = new LongAdder();

  /** All pages marked. */
  DirtyPages(long pages) {
    this.pages = pages;
    words = new AtomicLongArray(Math.toIntExact((pages + Long.SIZE - 1) / Long.SIZE));
    markAll();
  }

  void markAll() {
    for (int word = 0; word < words.length(); word++) {
      long left = pages - (long) word * Long.SIZE;
      words.set(word, left >= Long.SIZE ? -1L : -1L >>> (Long.SIZE - left));
    }
  }

  void mark(long index) {
    long bit = 1L << index;
    int word = (int) (index / Long.SIZE);
    if ((words.getAcquire(word) & bit) == 0) {
      long _ = words.getAndAccumulate(word, bit, (held, more) -> held | more);
      marked.increment();
    }
  }

  /** How often a page was marked that was not, by {@link #mark}. */
  long marked() {
    return marked.sum();
  }

  /** Takes a page's mark; tells whether there was one. */
  boolean take(long index) {
    long bit = 1L << index;
    return (words.getAndAccumulate((int) (index / Long.SIZE), bit, (held, less) -> held & ~less)
            & bit)
        != 0;
  }

  /** The first page marked at or after this one; the number of pages when there is none. */
  long next(long index) {
    if (index >= pages) {
      return pages;
    }
    int word = (int) (index / Long.SIZE);
    long bits = words.get(word) & (-1L << index);
    while (bits == 0 && ++word < words.length()) {
      bits = words.get(word);
    }
    return bits == 0 ? pages : (long) word * Long.SIZE + Long.numberOfTrailingZeros(bits);
  }

  /** The first page not marked at or after this one; the number of pages when there is none. */
  long nextClear(long index) {
    if (index >= pages) {
      return pages;
    }
    int word = (int) (index / Long.SIZE);
    long bits = ~words.get(word) & (-1L << index);
    while (bits == 0 && ++word < words.length()) {
      bits = ~words.get(word);
    }
    return bits == 0
        ? pages
        : Math.min(pages, (long) word * Long.SIZE + Long.numberOfTrailingZeros(bits));
  }

  long count() {
    long count = 0;
    for (int word = 0; word < words.length(); word++) {
      count += Long.bitCount(words.get(word));
    }
    return count;
  }
}
