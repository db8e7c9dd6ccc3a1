package org.dcmigrate.peer.transfer;

import java.util.concurrent.TimeUnit;

/** How many bytes may go out, as a function of time. Not thread-safe. */
final class TokenBucket {
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

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
   * Takes bytes if they are there; gives 0 then, otherwise the nanoseconds until they will be. More
   * than a burst is taken on credit once the bucket is full.
   */
  long take(long bytes, long nowNs) {
    fill(nowNs);
    if (bytesPerSecond == 0) {
      return 0;
    }
    double missing = Math.min((double) bytes, burst()) - tokens;
    if (missing <= 0) {
      tokens -= bytes;
      return 0;
    }
    return Math.max(1, (long) Math.ceil(missing * SECOND_NS / bytesPerSecond));
  }

  private void fill(long nowNs) {
    tokens = Math.min(burst(), tokens + (double) bytesPerSecond * (nowNs - filledAtNs) / SECOND_NS);
    filledAtNs = nowNs;
  }

  private double burst() {
    return Math.max((double) leastBurstBytes, (double) bytesPerSecond * burstNs / SECOND_NS);
  }
}
