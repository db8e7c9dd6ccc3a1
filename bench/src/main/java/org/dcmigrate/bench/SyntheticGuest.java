package org.dcmigrate.bench;

/**
 * A guest inside of a daemon.
 *
 * @param writesPerSecond pages written per second
 * @param hotSet nine writes of ten go to a tenth of the pages; else to every page alike
 * @param zeroPercent of the pages, zero at the start; the others are random
 */
record SyntheticGuest(
    long memoryBytes, long writesPerSecond, boolean hotSet, int zeroPercent, long seed) {
  static final int PAGE_BYTES = 4096;

  /** A guest of random content that does not write. */
  static SyntheticGuest idle(long memoryBytes) {
    return new SyntheticGuest(memoryBytes, 0, false, 0, 1);
  }
}
