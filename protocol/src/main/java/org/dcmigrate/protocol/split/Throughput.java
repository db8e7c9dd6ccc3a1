package org.dcmigrate.protocol.split;

import java.util.concurrent.TimeUnit;

/**
 * How much flows per second while something flows: over about the last second of activity, so that
 * pauses do not count. Not thread-safe.
 */
public final class Throughput {
  private static final long WINDOW_NS = TimeUnit.SECONDS.toNanos(1);

  private double amount;
  private double spentNs;

  /** Nothing was measured yet. */
  public Throughput() {}

  /**
   * Notes that something flowed.
   *
   * @param more how much, &gt;= 0, in the unit of the one who asks
   * @param tookNs for how long
   */
  public void add(long more, long tookNs) {
    amount += more;
    spentNs += Math.max(tookNs, 0);
    if (spentNs > WINDOW_NS) {
      // What is older than the window fades.
      amount *= WINDOW_NS / spentNs;
      spentNs = WINDOW_NS;
    }
  }

  /** Forgets everything. */
  public void reset() {
    amount = 0;
    spentNs = 0;
  }

  /** Whether something flowed at all. */
  public boolean isKnown() {
    return amount > 0 && spentNs > 0;
  }

  /** For how long it was measured, at most one second. */
  public long measuredNs() {
    return (long) spentNs;
  }

  /** Per second; 0 as long as nothing flowed. */
  public double perSecond() {
    return isKnown() ? amount * WINDOW_NS / spentNs : 0;
  }
}
