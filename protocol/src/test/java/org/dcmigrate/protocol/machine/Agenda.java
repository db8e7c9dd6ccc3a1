package org.dcmigrate.protocol.machine;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Virtual time, and what is going to happen in it: by time, then in the order of planning. */
final class Agenda {
  private record Entry(long atMs, long number, Runnable what) {}

  private final PriorityQueue<Entry> entries =
      new PriorityQueue<>(Comparator.comparingLong(Entry::atMs).thenComparingLong(Entry::number));
  private long nowMs;
  private long planned;

  long nowMs() {
    return nowMs;
  }

  long nowNs() {
    return nowMs * 1_000_000;
  }

  void in(long delayMs, Runnable what) {
    entries.add(new Entry(nowMs + delayMs, planned++, what));
  }

  void every(long periodMs, Runnable what) {
    in(
        periodMs,
        () -> {
          what.run();
          every(periodMs, what);
        });
  }

  /** Does the next thing that is due by then; false when there is none. */
  boolean stepUntil(long latestMs) {
    if (entries.isEmpty() || entries.element().atMs() > latestMs) {
      nowMs = latestMs;
      return false;
    }
    Entry entry = entries.remove();
    nowMs = entry.atMs();
    entry.what().run();
    return true;
  }
}
