package org.dcmigrate.bench;

/** How much of its memory a guest makes anew. */
@FunctionalInterface
interface Dirtying {
  /** A guest that does not write. */
  Dirtying NONE = seconds -> 0;

  /** Bytes of the distinct pages that are written within a time. */
  double bytesWithin(double seconds);

  /** Every write is to another page. */
  static Dirtying rate(double bytesPerSecond) {
    return seconds -> bytesPerSecond * seconds;
  }

  /** Writes to random pages: some hit a page that was written already. */
  static Dirtying of(SyntheticGuest guest) {
    double pages = (double) guest.memoryBytes() / SyntheticGuest.PAGE_BYTES;
    double writes = guest.writesPerSecond();
    if (!guest.hotSet()) {
      return seconds -> distinctBytes(pages, writes * seconds);
    }
    // Nine writes of ten to the first tenth, one of ten to any page.
    double hot = pages / 10;
    return seconds ->
        distinctBytes(hot, 0.91 * writes * seconds)
            + distinctBytes(pages - hot, 0.09 * writes * seconds);
  }

  private static double distinctBytes(double pages, double writes) {
    return SyntheticGuest.PAGE_BYTES * pages * -Math.expm1(-writes / pages);
  }
}
