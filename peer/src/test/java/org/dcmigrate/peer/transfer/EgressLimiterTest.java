package org.dcmigrate.peer.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EgressLimiterTest {
  private static final long MIB = 1 << 20;
  private static final long MS = 1_000_000;
  private final AtomicLong now = new AtomicLong();

  @Test
  void theBucketGivesTheRateAndNoMoreThanABurst() {
    TokenBucket bucket = new TokenBucket(100 * MIB, MIB, 10 * MS, 0);
    assertThat(bucket.take(MIB, 0)).isZero();
    assertThat(bucket.take(MIB, 0)).isEqualTo(10 * MS);
    assertThat(bucket.take(MIB, 9 * MS)).isEqualTo(MS);
    assertThat(bucket.take(MIB, 10 * MS)).isZero();
    // A long pause fills it with one burst only.
    assertThat(bucket.take(MIB, 10_000 * MS)).isZero();
    assertThat(bucket.take(MIB, 10_000 * MS)).isPositive();
  }

  @Test
  void theBucketGivesOverTimeWhatTheRateSays() {
    TokenBucket bucket = new TokenBucket(1000 * MIB, MIB, 10 * MS, 0);
    long taken = 0;
    for (long at = 0; at < 1000 * MS; at += MS / 10) {
      while (bucket.take(MIB / 4, at) == 0) {
        taken += MIB / 4;
      }
    }
    assertThat(taken).isBetween(999 * MIB, 1010 * MIB);
  }

  @Test
  void moreThanABurstGoesOnCredit() {
    TokenBucket bucket = new TokenBucket(MIB, MIB, 10 * MS, 0);
    assertThat(bucket.take(3 * MIB, 0)).isZero();
    assertThat(bucket.take(MIB, 0)).isEqualTo(3000 * MS);
  }

  @Test
  void zeroIsNoLimitAndTheRateChanges() {
    TokenBucket bucket = new TokenBucket(0, MIB, 10 * MS, 0);
    assertThat(bucket.take(1000 * MIB, 0)).isZero();
    bucket.setRate(MIB, 0);
    assertThat(bucket.take(MIB, 0)).isZero();
    assertThat(bucket.take(MIB, 0)).isEqualTo(1000 * MS);
    bucket.setRate(2 * MIB, 0);
    assertThat(bucket.take(MIB, 0)).isEqualTo(500 * MS);
  }

  @Test
  void whoCameFirstGoesFirst() throws Exception {
    EgressLimiter limiter = new EgressLimiter(MIB, now::get);
    assertThat(limiter.acquire(2 * MIB, () -> false)).isTrue();
    CopyOnWriteArrayList<Integer> order = new CopyOnWriteArrayList<>();
    CompletableFuture<?>[] all = new CompletableFuture<?>[4];
    for (int i = 0; i < all.length; i++) {
      int number = i;
      all[i] =
          onThread(
              () -> {
                assertThat(limiter.acquire(MIB, () -> false)).isTrue();
                order.add(number);
              });
      while (limiter.waiting() != i + 1) {
        Thread.onSpinWait();
      }
    }
    for (int i = 0; i < all.length; i++) {
      assertThat(order).hasSize(i);
      now.addAndGet(i == 0 ? 2000 * MS : 1000 * MS);
      all[i].join();
    }
    assertThat(order).containsExactly(0, 1, 2, 3);
  }

  @Test
  void aHigherRateFreesThoseWhoWait() throws Exception {
    EgressLimiter limiter = new EgressLimiter(1, now::get);
    assertThat(limiter.acquire(MIB + 4096, () -> false)).isTrue();
    CompletableFuture<?> waits = onThread(() -> limiter.acquire(MIB, () -> false));
    while (limiter.waiting() != 1) {
      Thread.onSpinWait();
    }
    limiter.setBytesPerSecond(0);
    waits.join();
    assertThat(limiter.bytesPerSecond()).isZero();
  }

  @Test
  void whoGivesUpLeavesTheQueue() throws Exception {
    EgressLimiter limiter = new EgressLimiter(1, now::get);
    assertThat(limiter.acquire(MIB + 4096, () -> false)).isTrue();
    AtomicBoolean abandoned = new AtomicBoolean();
    CompletableFuture<?> waits =
        onThread(() -> assertThat(limiter.acquire(MIB, abandoned::get)).isFalse());
    while (limiter.waiting() != 1) {
      Thread.onSpinWait();
    }
    abandoned.set(true);
    waits.join();
    assertThat(limiter.waiting()).isZero();
  }

  @Test
  void refusesANegativeRate() {
    assertThatThrownBy(() -> new EgressLimiter(-1, now::get))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private interface Action {
    void run() throws Exception;
  }

  private static CompletableFuture<?> onThread(Action action) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                action.run();
                done.complete(true);
              } catch (Throwable failed) {
                done.completeExceptionally(failed);
              }
            });
    return done;
  }
}
