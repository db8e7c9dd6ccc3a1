package org.dcmigrate.protocol.rate;

import java.util.Arrays;

/** How many bytes went out per second, over the last second. Not thread-safe. */
final class RateMeter {
  private static final int SLOTS = 10;
  private static final long SLOT_NS = 100_000_000L;
  private static final long SECOND_NS = 1_000_000_000L;

  // A ring of the last full slots and the one under way.
  private final long[] slots = new long[SLOTS + 1];
  private final long startNs;
  private long slot;

  RateMeter(long nowNs) {
    startNs = nowNs;
  }

  void add(long bytes, long nowNs) {
    turnTo(nowNs);
    slots[place(slot)] += bytes;
  }

  /** 0 until the first tenth of a second has passed. */
  long bytesPerSecond(long nowNs) {
    turnTo(nowNs);
    long full = Math.min(SLOTS, slot);
    if (full == 0) {
      return 0;
    }
    long bytes = Arrays.stream(slots).sum() - slots[place(slot)];
    return (long) ((double) bytes * SECOND_NS / (full * SLOT_NS));
  }

  private void turnTo(long nowNs) {
    long now = Math.max(slot, (nowNs - startNs) / SLOT_NS);
    for (long passed = Math.max(slot + 1, now - SLOTS); passed <= now; passed++) {
      slots[place(passed)] = 0;
    }
    slot = now;
  }

  private static int place(long slot) {
    return (int) (slot % (SLOTS + 1));
  }
}
