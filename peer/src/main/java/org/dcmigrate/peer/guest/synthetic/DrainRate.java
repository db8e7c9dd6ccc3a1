package org.dcmigrate.peer.guest.synthetic;

import java.util.concurrent.TimeUnit;

/** How fast pages are taken, over about the last second in which any were. Not thread-safe. */
final class DrainRate {
  private static final long WINDOW_NS = TimeUnit.SECONDS.toNanos(1);

  private double pages;
  private double spentNs;

  void add(long pagesTaken, long tookNs) {
    pages += pagesTaken;
    spentNs += Math.max(tookNs, 0);
    if (spentNs > WINDOW_NS) {
      // What is older than the window fades.
      pages *= WINDOW_NS / spentNs;
      spentNs = WINDOW_NS;
    }
  }

  /** Nanoseconds that so many pages will take; endless as long as nothing was measured. */
  double expectedNs(long dirtyPages) {
    return pages == 0 ? Double.POSITIVE_INFINITY : dirtyPages * spentNs / pages;
  }
}
