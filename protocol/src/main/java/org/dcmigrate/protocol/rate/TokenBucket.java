package org.dcmigrate.protocol.rate;

/**
 * How many bytes may go out, as a function of time. Between any two moments these are no more than
 * the rate gives in that time, and one burst. Not thread-safe.
 */
final class TokenBucket {
  private static final long SECOND_NS = 1_000_000_000L;

  private final long leastBurstBytes;
  private final long burstNs;
  private long bytesPerSecond;
  private double tokens;
  private long filledAtNs;

  /** A bucket that is full. */
  TokenBucket(long bytesPerSecond, long leastBurstBytes, long burstNs, long nowNs) {
    this.leastBurstBytes = leastBurstBytes;
    this.burstNs = burstNs;
    this.bytesPerSecond = bytesPerSecond;
    tokens = burst();
    filledAtNs = nowNs;
  }

  long bytesPerSecond() {
    return bytesPerSecond;
  }

  void setRate(long rate, long nowNs) {
    fill(nowNs);
    bytesPerSecond = rate;
    tokens = Math.min(tokens, burst());
  }

  /**
   * Nanoseconds until bytes may be taken; 0: now. More than a burst goes on credit once the bucket
   * is full.
   */
  long waitNs(long bytes, long nowNs) {
    fill(nowNs);
    double missing = Math.min((double) bytes, burst()) - tokens;
    if (bytesPerSecond == 0 || missing <= 0) {
      return 0;
    }
    return Math.max(1, (long) Math.ceil(missing * SECOND_NS / bytesPerSecond));
  }

  /** Takes bytes, after a wait or on credit. */
  void take(long bytes, long nowNs) {
    fill(nowNs);
    if (bytesPerSecond != 0) {
      tokens -= bytes;
    }
  }

  private void fill(long nowNs) {
    tokens = Math.min(burst(), tokens + (double) bytesPerSecond * (nowNs - filledAtNs) / SECOND_NS);
    filledAtNs = nowNs;
  }

  private double burst() {
    return Math.max((double) leastBurstBytes, (double) bytesPerSecond * burstNs / SECOND_NS);
  }
}
