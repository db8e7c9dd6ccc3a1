package org.dcmigrate.protocol.rate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.dcmigrate.protocol.rate.FairLimiter.Claim;
import org.dcmigrate.protocol.rate.FairLimiter.Flow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Senders at one limiter, in virtual time. */
class FairLimiterTest {
  private static final long KIB = 1 << 10;
  private static final long MIB = 1 << 20;
  private static final long MS = 1_000_000;
  private static final long SECOND = 1000 * MS;
  private static final long CHUNK = 64 * 4096;
  private static final List<Priority> PRIORITIES = List.of(Priority.values());

  /** What a sender does between two grants, and when it has nothing to send. */
  private static final class Sender {
    private final Flow flow;
    private final Claim claim;
    private final long chunk;
    // From a grant to the next question.
    private final long pauseNs;
    private boolean idle;
    private long nextAskNs;
    private long sent;

    private Sender(World world, Share share, long chunk, long pauseNs) {
      flow = world.limiter.open(share, world.now);
      this.chunk = chunk;
      this.pauseNs = pauseNs;
      claim =
          new Claim(
              flow,
              () -> {
                sent += claim().bytes();
                world.total += claim().bytes();
                nextAskNs = world.now + this.pauseNs;
              });
    }

    private Claim claim() {
      return claim;
    }
  }

  /** Time moves on from one event to the next. */
  private static final class World {
    private final FairLimiter limiter;
    private final List<Sender> senders = new ArrayList<>();
    private long now = 1234;
    private long total;

    private World(long rate) {
      limiter = new FairLimiter(rate, now);
    }

    private Sender add(Share share) {
      return add(share, CHUNK, MS / 10);
    }

    private Sender add(Share share, long chunk, long pauseNs) {
      Sender sender = new Sender(this, share, chunk, pauseNs);
      senders.add(sender);
      return sender;
    }

    private void run(long ns) {
      long end = now + ns;
      while (now < end) {
        long next = end;
        for (Sender sender : senders) {
          if (!sender.idle && !sender.claim.waits()) {
            if (sender.nextAskNs <= now) {
              limiter.ask(sender.claim, sender.chunk);
            } else {
              next = Math.min(next, sender.nextAskNs);
            }
          }
        }
        long waitNs = limiter.advance(now);
        boolean granted =
            senders.stream().anyMatch(s -> !s.idle && !s.claim.waits() && s.nextAskNs <= now);
        if (!granted) {
          for (Sender sender : senders) {
            if (!sender.idle && !sender.claim.waits()) {
              next = Math.min(next, sender.nextAskNs);
            }
          }
          now = waitNs == FairLimiter.NEVER ? next : Math.min(next, now + waitNs);
        }
      }
    }

    private long sentIn(Sender sender, long ns) {
      long before = sender.sent;
      run(ns);
      return sender.sent - before;
    }
  }

  private static Share share(long rate, Priority priority) {
    return new Share(rate, priority);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 32, 100})
  void equalPrioritiesGetEqualRates(int count) {
    World world = new World(100 * MIB);
    for (int i = 0; i < count; i++) {
      // Chunks of many sizes: what counts is bytes.
      world.add(Share.NORMAL, 4096L << (i % 9), MS / 10);
    }
    world.run(SECOND);
    world.senders.forEach(sender -> sender.sent = 0);
    world.run(10 * SECOND);
    for (Sender sender : world.senders) {
      assertThat((double) sender.sent)
          .isCloseTo(1000.0 * MIB / count, Percentage.withPercentage(count <= 8 ? 2 : 12));
    }
  }

  @Test
  void prioritiesShareAsTheirWeights() {
    World world = new World(210 * MIB);
    Sender low = world.add(share(0, Priority.LOW));
    Sender normal = world.add(share(0, Priority.NORMAL));
    Sender high = world.add(share(0, Priority.HIGH));
    world.run(20 * SECOND);
    assertThat((double) low.sent).isCloseTo(200.0 * MIB, Percentage.withPercentage(3));
    assertThat((double) normal.sent).isCloseTo(800.0 * MIB, Percentage.withPercentage(3));
    assertThat((double) high.sent).isCloseTo(3200.0 * MIB, Percentage.withPercentage(3));
  }

  /** One that is a moment late to ask again, while there is room, does not lose its weight. */
  @Test
  void whoAsksAgainAfterSendingKeepsItsShare() {
    World world = new World(1000 * MIB);
    Sender low = world.add(share(0, Priority.LOW), MIB, 0);
    Sender high = world.add(share(0, Priority.HIGH), CHUNK, MS / 5);
    world.run(10 * SECOND);
    assertThat((double) high.sent / low.sent).isBetween(10.0, 17.0);
  }

  @Test
  void whatOneDoesNotTakeIsTheOthers() {
    World world = new World(90 * MIB);
    Sender limited = world.add(share(10 * MIB, Priority.HIGH));
    Sender low = world.add(share(0, Priority.LOW));
    Sender normal = world.add(Share.NORMAL);
    world.run(10 * SECOND);
    assertThat((double) limited.sent).isCloseTo(100.0 * MIB, Percentage.withPercentage(3));
    assertThat((double) low.sent).isCloseTo(160.0 * MIB, Percentage.withPercentage(3));
    assertThat((double) normal.sent).isCloseTo(640.0 * MIB, Percentage.withPercentage(3));

    normal.idle = true;
    world.run(SECOND);
    assertThat((double) world.sentIn(low, 10 * SECOND))
        .isCloseTo(800.0 * MIB, Percentage.withPercentage(3));
    low.idle = true;
    world.run(SECOND);
    assertThat((double) world.sentIn(limited, 10 * SECOND))
        .isCloseTo(100.0 * MIB, Percentage.withPercentage(3));
  }

  @Test
  void limitsAndPrioritiesChangeWhileTheyRun() {
    World world = new World(100 * MIB);
    Sender a = world.add(Share.NORMAL);
    Sender b = world.add(Share.NORMAL);
    world.run(SECOND);
    world.limiter.limit(20 * MIB, world.now);
    assertThat((double) world.sentIn(a, SECOND)).isCloseTo(10.0 * MIB, within(0.5 * MIB));

    world.limiter.change(a.flow, share(0, Priority.HIGH), world.now);
    assertThat((double) world.sentIn(a, SECOND)).isCloseTo(16.0 * MIB, within(0.5 * MIB));
    world.limiter.change(a.flow, share(0, Priority.LOW), world.now);
    assertThat((double) world.sentIn(a, SECOND)).isCloseTo(4.0 * MIB, within(0.5 * MIB));

    world.limiter.limit(0, world.now);
    world.limiter.change(a.flow, share(5 * MIB, Priority.LOW), world.now);
    world.run(SECOND);
    assertThat((double) world.sentIn(a, SECOND)).isCloseTo(5.0 * MIB, within(0.3 * MIB));
    assertThat(b.sent).as("no limit").isGreaterThan(1000 * MIB);
  }

  /** A change of priority weighs what is ahead already, too: it does not wait for a turn. */
  @Test
  void aRaisedPriorityTakesEffectAtOnce() {
    World world = new World(10 * MIB);
    Sender raised = world.add(share(0, Priority.LOW), MIB, 0);
    for (int i = 0; i < 8; i++) {
      world.add(share(0, Priority.LOW), MIB / 16, 0);
    }
    world.run(10 * SECOND);
    // Right after a large chunk it is farthest ahead of the others.
    while (world.sentIn(raised, MS) == 0) {}
    world.limiter.change(raised.flow, share(0, Priority.HIGH), world.now);
    // 16 parts of 24.
    assertThat((double) world.sentIn(raised, SECOND)).isCloseTo(6.7 * MIB, within(1.1 * MIB));
  }

  @Test
  void noMoreThanOneBurstAfterAPause() {
    World world = new World(50 * MIB);
    Sender first = world.add(Share.NORMAL);
    Sender second = world.add(share(20 * MIB, Priority.NORMAL));
    first.idle = true;
    second.idle = true;
    world.run(60 * SECOND);
    assertThat(world.total).isZero();
    second.idle = false;
    assertThat(world.sentIn(second, 100 * MS))
        .isLessThanOrEqualTo(FairLimiter.BURST_BYTES + 2 * MIB)
        .isGreaterThan(2 * MIB);
    first.idle = false;
    long before = world.total;
    world.run(100 * MS);
    assertThat(world.total - before).isLessThanOrEqualTo(FairLimiter.BURST_BYTES + 5 * MIB);
  }

  /** Who has been away does not make the others wait for all that it left to them. */
  @Test
  void aPauseIsNotSavedUp() {
    World world = new World(32 * MIB);
    Sender stays = world.add(share(0, Priority.LOW));
    Sender returns = world.add(share(0, Priority.HIGH));
    returns.idle = true;
    world.run(60 * SECOND);
    returns.idle = false;
    world.run(SECOND);
    returns.idle = true;
    long atLeast = 32 * MIB / 17 - MIB;
    returns.idle = false;
    assertThat(world.sentIn(stays, SECOND)).isGreaterThan(atLeast);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverHappensTheLimitsHoldAndNobodyStarves(long seed) {
    Random random = new Random(seed);
    long rate = (1 + random.nextInt(200)) * MIB;
    World world = new World(rate);
    for (int i = 0; i < 1 + random.nextInt(20); i++) {
      world.add(
          share(
              random.nextBoolean() ? 0 : (1 + random.nextInt(50)) * MIB,
              PRIORITIES.get(random.nextInt(3))),
          4096L << random.nextInt(9),
          random.nextInt(2000) * 1000L);
    }
    for (int step = 0; step < 200; step++) {
      Sender one = world.senders.get(random.nextInt(world.senders.size()));
      one.idle = random.nextInt(4) == 0;
      long ns = 1 + random.nextInt(300) * MS;
      long before = world.total;
      long[] each = world.senders.stream().mapToLong(sender -> sender.sent).toArray();
      world.run(ns);
      assertThat(world.total - before)
          .isLessThanOrEqualTo(most(rate, world.limiter.mostBytesPerSecond(), ns));
      for (int i = 0; i < each.length; i++) {
        Sender sender = world.senders.get(i);
        long own = sender.flow.share().mostBytesPerSecond();
        if (own != 0) {
          assertThat(sender.sent - each[i]).isLessThanOrEqualTo(most(own, own, ns));
        }
      }
    }
    world.senders.forEach(sender -> sender.idle = false);
    long[] before = world.senders.stream().mapToLong(sender -> sender.sent).toArray();
    // Time for every chunk of every sender, were all others of high priority.
    world.run(SECOND + 20 * 16 * MIB * SECOND / rate);
    for (int i = 0; i < before.length; i++) {
      assertThat(world.senders.get(i).sent).isGreaterThan(before[i]);
    }
  }

  private static long most(long rate, long now, long ns) {
    assertThat(now).isEqualTo(rate);
    return Math.max(FairLimiter.BURST_BYTES, rate / 100)
        + (long) Math.ceil((double) rate * ns / SECOND)
        + 1;
  }

  @Test
  void smallChunksComeInTurnsOfAFewHundredKib() {
    World world = new World(0);
    Sender sender = world.add(Share.NORMAL, 4160, MS);
    world.run(MS);
    assertThat(sender.claim.bytes()).isEqualTo(FairLimiter.TURN_BYTES);
    // A slow one gets turns that last 5 ms.
    world.limiter.limit(10 * MIB, world.now);
    world.run(SECOND);
    assertThat(sender.claim.bytes()).isEqualTo(10 * MIB / 200);
    world.limiter.limit(KIB, world.now);
    world.run(100 * SECOND);
    assertThat(sender.claim.bytes()).isEqualTo(4160);
  }

  @Test
  void whatIsWithdrawnOrClosedIsNotGranted() {
    World world = new World(MIB);
    Sender first = world.add(Share.NORMAL, MIB, 0);
    Sender second = world.add(Share.NORMAL, MIB, 0);
    world.limiter.ask(first.claim, MIB);
    world.limiter.advance(world.now);
    assertThat(first.sent).isEqualTo(MIB);
    world.limiter.ask(first.claim, MIB);
    world.limiter.ask(second.claim, MIB);
    assertThatThrownBy(() -> world.limiter.ask(second.claim, MIB))
        .isInstanceOf(IllegalStateException.class);
    world.limiter.withdraw(first.claim);
    world.limiter.close(second.flow);
    assertThat(world.limiter.advance(world.now + 100 * SECOND)).isEqualTo(FairLimiter.NEVER);
    assertThat(first.sent).isEqualTo(MIB);
    assertThat(second.sent).isZero();
  }

  @Test
  void measuresTheLastSecond() {
    World world = new World(100 * MIB);
    Sender sender = world.add(share(30 * MIB, Priority.NORMAL));
    assertThat(sender.flow.bytesPerSecond(world.now)).isZero();
    world.run(5 * SECOND);
    assertThat((double) sender.flow.bytesPerSecond(world.now))
        .isCloseTo(30.0 * MIB, Percentage.withPercentage(3));
    assertThat(world.limiter.bytesPerSecond(world.now))
        .isEqualTo(sender.flow.bytesPerSecond(world.now));
    sender.idle = true;
    world.run(500 * MS);
    assertThat((double) sender.flow.bytesPerSecond(world.now))
        .isCloseTo(15.0 * MIB, within(4.0 * MIB));
    world.run(700 * MS);
    assertThat(sender.flow.bytesPerSecond(world.now)).isZero();
    assertThat(sender.flow.bytesPerSecond(world.now + 1_000_000 * SECOND)).isZero();
  }

  @Test
  void sharesAreWhatTheySay() {
    assertThat(Share.NORMAL.atMost(0)).isEqualTo(Share.NORMAL);
    assertThat(Share.NORMAL.atMost(7)).isEqualTo(share(7, Priority.NORMAL));
    assertThat(share(5, Priority.HIGH).atMost(7)).isEqualTo(share(5, Priority.HIGH));
    assertThat(share(9, Priority.HIGH).atMost(7)).isEqualTo(share(7, Priority.HIGH));
    assertThatThrownBy(() -> share(-1, Priority.LOW)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new FairLimiter(-1, 0)).isInstanceOf(IllegalArgumentException.class);
  }
}
