package org.dcmigrate.protocol.rate;

/**
 * What a migration may take at one sending host.
 *
 * @param mostBytesPerSecond 0: no limit
 */
public record Share(long mostBytesPerSecond, Priority priority) {
  /** Normal priority, no limit. */
  public static final Share NORMAL = new Share(0, Priority.NORMAL);

  /** Refuses a rate below 0. */
  public Share {
    if (mostBytesPerSecond < 0) {
      throw new IllegalArgumentException("a rate must be >= 0, but was " + mostBytesPerSecond);
    }
  }

  /** The same with the lower one of its limit and another; 0 is no limit in both. */
  public Share atMost(long bytesPerSecond) {
    if (bytesPerSecond == 0) {
      return this;
    }
    return new Share(
        mostBytesPerSecond == 0 ? bytesPerSecond : Math.min(mostBytesPerSecond, bytesPerSecond),
        priority);
  }
}
