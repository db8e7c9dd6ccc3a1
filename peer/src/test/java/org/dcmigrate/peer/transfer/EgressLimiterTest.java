package org.dcmigrate.peer.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.dcmigrate.protocol.rate.FairLimiter;
import org.dcmigrate.protocol.rate.Priority;
import org.dcmigrate.protocol.rate.Share;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EgressLimiterTest {
  private static final long MIB = 1 << 20;
  private static final long MS = 1_000_000;
  private final AtomicLong now = new AtomicLong();

  private final EgressLimiter limiter = new EgressLimiter(MIB, now::get);
  private final EgressFlow flow = limiter.open(Flows.owner("vm"), Share.NORMAL);

  /** After this the limiter has nothing to give until time moves on. */
  private void useUp() throws Exception {
    assertThat(flow.credit().take(FairLimiter.BURST_BYTES, () -> false)).isTrue();
  }

  @Test
  void whoCameFirstGoesFirst() throws Exception {
    useUp();
    CopyOnWriteArrayList<Integer> order = new CopyOnWriteArrayList<>();
    CompletableFuture<?>[] all = new CompletableFuture<?>[4];
    for (int i = 0; i < all.length; i++) {
      int number = i;
      all[i] =
          onThread(
              () -> {
                assertThat(flow.credit().take(MIB, () -> false)).isTrue();
                order.add(number);
              });
      awaitWaiting(i + 1);
    }
    for (int i = 0; i < all.length; i++) {
      assertThat(order).hasSize(i);
      now.addAndGet(1000 * MS);
      all[i].join();
    }
    assertThat(order).containsExactly(0, 1, 2, 3);
  }

  @Test
  void theHigherPriorityIsServedMoreOften() throws Exception {
    EgressFlow high = limiter.open(Flows.owner("high"), new Share(0, Priority.HIGH));
    useUp();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger ofHigh = new AtomicInteger();
    AtomicInteger ofNormal = new AtomicInteger();
    CompletableFuture<?> first = onThread(() -> takeUntil(over, high, ofHigh));
    CompletableFuture<?> second = onThread(() -> takeUntil(over, flow, ofNormal));
    // What was used up before was of one of them: it takes a while until that is made good.
    int before = 50;
    int highBefore = 0;
    for (int grants = 0; grants < before + 100; grants++) {
      highBefore = grants == before ? ofHigh.get() : highBefore;
      // Both ask before time moves on: who is served is the limiter's choice alone.
      awaitWaiting(2);
      now.addAndGet(125 * MS);
      while (ofHigh.get() + ofNormal.get() == grants) {
        Thread.onSpinWait();
      }
    }
    over.set(true);
    first.join();
    second.join();
    assertThat(ofHigh.get() - highBefore).isBetween(78, 82);
  }

  private static void takeUntil(AtomicBoolean over, EgressFlow from, AtomicInteger count)
      throws Exception {
    while (from.credit().take(MIB / 8, over::get)) {
      count.incrementAndGet();
    }
  }

  @Test
  void aHigherRateFreesThoseWhoWait() throws Exception {
    useUp();
    CompletableFuture<?> waits = onThread(() -> flow.credit().take(MIB, () -> false));
    awaitWaiting(1);
    limiter.setBytesPerSecond(0);
    waits.join();
    assertThat(limiter.bytesPerSecond()).isZero();
  }

  @Test
  void aMigrationsOwnLimitHoldsAndIsLifted() throws Exception {
    limiter.setBytesPerSecond(0);
    flow.change(before -> before.atMost(1));
    assertThat(flow.share()).isEqualTo(new Share(1, Priority.NORMAL));
    useUp();
    CompletableFuture<?> waits = onThread(() -> flow.credit().take(MIB, () -> false));
    awaitWaiting(1);
    EgressFlow other = limiter.open(Flows.owner("other"), Share.NORMAL);
    assertThat(other.credit().take(100 * MIB, () -> false)).as("not held up").isTrue();
    assertThat(waits.isDone()).isFalse();
    flow.change(before -> Share.NORMAL);
    waits.join();
  }

  @Test
  void whoGivesUpLeavesTheQueue() throws Exception {
    useUp();
    AtomicBoolean abandoned = new AtomicBoolean();
    CompletableFuture<?> waits =
        onThread(() -> assertThat(flow.credit().take(MIB, abandoned::get)).isFalse());
    awaitWaiting(1);
    abandoned.set(true);
    waits.join();
    assertThat(limiter.waiting()).isZero();
  }

  @Test
  void smallChunksAskOnceForMany() throws Exception {
    limiter.setBytesPerSecond(0);
    EgressCredit credit = flow.credit();
    assertThat(credit.take(4160, () -> false)).isTrue();
    limiter.setBytesPerSecond(1);
    useUp();
    for (long taken = 2 * 4160; taken <= FairLimiter.TURN_BYTES; taken += 4160) {
      assertThat(credit.take(4160, () -> true)).isTrue();
    }
    assertThat(credit.take(4160, () -> true)).isFalse();
  }

  @Test
  void tellsWhatIsSent() throws Exception {
    EgressFlow relay =
        limiter.open(
            new EgressLimiter.Owner(flow.owner().migration(), "vm", EgressLimiter.Role.CONTRIBUTOR),
            new Share(7, Priority.LOW));
    useUp();
    now.addAndGet(100 * MS);
    long perSecond = 10 * FairLimiter.BURST_BYTES;
    assertThat(limiter.snapshot())
        .isEqualTo(
            new EgressLimiter.Snapshot(
                MIB,
                perSecond,
                List.of(
                    new EgressLimiter.Sending(flow.owner(), Share.NORMAL, perSecond),
                    new EgressLimiter.Sending(relay.owner(), new Share(7, Priority.LOW), 0))));
    flow.close();
    relay.close();
    relay.close();
    assertThat(limiter.snapshot().migrations()).isEmpty();
  }

  @Test
  void refusesANegativeRate() {
    assertThatThrownBy(() -> new EgressLimiter(-1, now::get))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void awaitWaiting(int count) {
    while (limiter.waiting() != count) {
      Thread.onSpinWait();
    }
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
