package org.dcmigrate.bench;

/**
 * The best that could be done from a redirect on, when source and old destination share the work
 * without loss. With N bytes of memory, of which the old destination holds the part f, and X(t) the
 * bytes that the guest writes in the time t, it is the smallest T with
 *
 * <pre>
 *   Bn * T        >= N + X(T)            everything goes through the new destination's downlink
 *   Bs * T        >= (1 - f) * N + X(T)  the source sends what nobody else has
 *   (Bs + Bo) * T >= N + X(T)            both uplinks together
 * </pre>
 *
 * Without writes that is max(N/Bn, (1-f)N/Bs, N/(Bs+Bo)). It is a bound for a guest that does not
 * write. For one that does it is a yardstick: a page that is written before it was first sent costs
 * nothing, so that luck or delay may beat it.
 *
 * @param seconds T, infinite where the guest writes faster than it can be sent
 * @param sourceBytes what the source has to send for that: what the old destination lacks, what is
 *     written, and what the old destination cannot send in that time
 */
record Optimum(double seconds, double sourceBytes) {
  private static final double LONGEST_SECONDS = 1e6;
  private static final int BISECTIONS = 200;

  /** What time a transfer takes, at least, once so much is known. */
  @FunctionalInterface
  private interface Bound {
    double seconds(double dirtiedBytes);
  }

  /** From a redirect at the part f of the memory. */
  static Optimum afterRedirect(
      double memoryBytes, double fraction, Links links, Dirtying dirtying) {
    double lacking = (1 - fraction) * memoryBytes;
    double seconds =
        smallest(
            dirtying,
            dirtied ->
                Math.max(
                    (memoryBytes + dirtied) / links.destination(),
                    Math.max(
                        (lacking + dirtied) / links.source(),
                        (memoryBytes + dirtied) / (links.source() + links.old()))));
    double takenOver = Math.max(0, fraction * memoryBytes - links.old() * seconds);
    return new Optimum(seconds, lacking + dirtying.bytesWithin(seconds) + takenOver);
  }

  /** From a cancel on, with everything sent once more by the source alone. */
  static Optimum restart(double memoryBytes, Links links, Dirtying dirtying) {
    double bandwidth = Math.min(links.source(), links.destination());
    double seconds = smallest(dirtying, dirtied -> (memoryBytes + dirtied) / bandwidth);
    return new Optimum(seconds, memoryBytes + dirtying.bytesWithin(seconds));
  }

  /**
   * The smallest T that is as long as what is dirtied in it makes it. What is dirtied grows ever
   * more slowly, so there is one such T or none.
   */
  private static double smallest(Dirtying dirtying, Bound bound) {
    double low = 0;
    double high = LONGEST_SECONDS;
    if (bound.seconds(dirtying.bytesWithin(high)) > high) {
      return Double.POSITIVE_INFINITY;
    }
    for (int i = 0; i < BISECTIONS; i++) {
      double middle = (low + high) / 2;
      if (bound.seconds(dirtying.bytesWithin(middle)) > middle) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }
}
