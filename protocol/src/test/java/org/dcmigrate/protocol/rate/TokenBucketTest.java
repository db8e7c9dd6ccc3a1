package org.dcmigrate.protocol.rate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenBucketTest {
  private static final long MIB = 1 << 20;
  private static final long MS = 1_000_000;

  /** As the limiter does: takes where it need not wait. */
  private static long take(TokenBucket bucket, long bytes, long nowNs) {
    long waitNs = bucket.waitNs(bytes, nowNs);
    if (waitNs == 0) {
      bucket.take(bytes, nowNs);
    }
    return waitNs;
  }

  @Test
  void givesTheRateAndNoMoreThanABurst() {
    TokenBucket bucket = new TokenBucket(100 * MIB, MIB, 10 * MS, 0);
    assertThat(take(bucket, MIB, 0)).isZero();
    assertThat(take(bucket, MIB, 0)).isEqualTo(10 * MS);
    assertThat(take(bucket, MIB, 9 * MS)).isEqualTo(MS);
    assertThat(take(bucket, MIB, 10 * MS)).isZero();
    // A long pause fills it with one burst only.
    assertThat(take(bucket, MIB, 10_000 * MS)).isZero();
    assertThat(take(bucket, MIB, 10_000 * MS)).isPositive();
  }

  @Test
  void givesOverTimeWhatTheRateSays() {
    TokenBucket bucket = new TokenBucket(1000 * MIB, MIB, 10 * MS, 0);
    long taken = 0;
    for (long at = 0; at < 1000 * MS; at += MS / 10) {
      while (take(bucket, MIB / 4, at) == 0) {
        taken += MIB / 4;
      }
    }
    assertThat(taken).isBetween(999 * MIB, 1010 * MIB);
  }

  @Test
  void moreThanABurstGoesOnCredit() {
    TokenBucket bucket = new TokenBucket(MIB, MIB, 10 * MS, 0);
    assertThat(take(bucket, 3 * MIB, 0)).isZero();
    assertThat(take(bucket, MIB, 0)).isEqualTo(3000 * MS);
  }

  @Test
  void zeroIsNoLimitAndTheRateChanges() {
    TokenBucket bucket = new TokenBucket(0, MIB, 10 * MS, 0);
    assertThat(take(bucket, 1000 * MIB, 0)).isZero();
    bucket.setRate(MIB, 0);
    assertThat(take(bucket, MIB, 0)).isZero();
    assertThat(take(bucket, MIB, 0)).isEqualTo(1000 * MS);
    bucket.setRate(2 * MIB, 0);
    assertThat(take(bucket, MIB, 0)).isEqualTo(500 * MS);
  }
}
