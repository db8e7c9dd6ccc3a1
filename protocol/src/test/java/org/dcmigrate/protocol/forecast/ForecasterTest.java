package org.dcmigrate.protocol.forecast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.PeerId;
import org.junit.jupiter.api.Test;

/** Forecasts of transfers in virtual time, with noise. */
class ForecasterTest {
  private static final long STEP_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long LIMIT_NS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long ROUND_TRIP_NS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final double[] BANDWIDTHS = {1e6, 1e8, 1e10};
  private static final double[] NOISES = {0, 0.1, 0.3};
  private static final PeerId OLD = new PeerId("spiffe://test/peer/old");
  private static final int CHUNK = 4096;

  /** A transfer whose rates are set, and measured with noise. */
  private static final class Path {
    private final Forecaster forecaster = new Forecaster();
    private final List<Verdict> verdicts = new ArrayList<>();
    private final Random random;
    private final double noise;
    private double bandwidth;
    private double dirty;
    private double left;
    private double waiting;
    private double relayRate;
    private double relayed;
    private double acknowledged;
    private boolean known = true;
    private boolean silent;
    private long sentChunks;
    private long acknowledgedChunks;
    private long epoch = 1;
    private long limitNs = LIMIT_NS;
    private long nowNs;

    Path(double left, double bandwidth, double dirty, double noise, long seed) {
      this.left = left;
      this.bandwidth = bandwidth;
      this.dirty = dirty;
      this.noise = noise;
      this.random = new Random(seed);
    }

    private double noisy(double value) {
      return value * (1 + noise * (2 * random.nextDouble() - 1));
    }

    Forecast step() {
      nowNs += STEP_NS;
      double seconds = (double) STEP_NS / SECOND_NS;
      boolean busy = (left > 0 && waiting <= 0) || silent;
      if (!silent) {
        double through = busy ? Math.min(left, noisy(bandwidth) * seconds) : 0;
        acknowledged += through;
        acknowledgedChunks += (long) Math.ceil(through / CHUNK);
        left -= through;
        double relays = Math.min(waiting, noisy(relayRate) * seconds);
        relayed += relays;
        waiting -= relays;
      }
      sentChunks = acknowledgedChunks + (silent ? 7 : 0);
      left += dirty * seconds;
      Forecast forecast =
          forecaster.add(
              new Sample(
                  nowNs,
                  epoch,
                  (long) left,
                  busy,
                  sentChunks,
                  acknowledgedChunks,
                  (long) acknowledged,
                  known ? OptionalLong.of((long) noisy(dirty)) : OptionalLong.empty(),
                  waiting + relayed > 0
                      ? List.of(new Sample.Relay(OLD, (long) waiting, (long) relayed))
                      : List.of(),
                  limitNs,
                  OptionalLong.of(ROUND_TRIP_NS)));
      verdicts.add(forecast.verdict());
      return forecast;
    }

    Forecast run(double seconds) {
      Forecast last = step();
      for (long end = nowNs + (long) (seconds * SECOND_NS) - STEP_NS; nowNs < end; ) {
        last = step();
      }
      return last;
    }

    double secondsUntil(Verdict wanted) {
      long startNs = nowNs;
      while (step().verdict() != wanted) {
        assertThat(nowNs - startNs).as("no %s", wanted).isLessThan(60 * SECOND_NS);
      }
      return (nowNs - startNs) / 1e9;
    }

    long changes() {
      long changes = 0;
      for (int i = 1; i < verdicts.size(); i++) {
        changes += verdicts.get(i) == verdicts.get(i - 1) ? 0 : 1;
      }
      return changes;
    }
  }

  @Test
  void theVerdictComesInTimeWhenTheGuestBeginsToWriteFasterAndStays() {
    for (double bandwidth : BANDWIDTHS) {
      for (double noise : NOISES) {
        for (double before : new double[] {0, 0.3, 0.6, 0.8}) {
          for (double after : new double[] {1.05, 1.5, 10}) {
            Path path = new Path(1000 * bandwidth, bandwidth, before * bandwidth, noise, 7);
            path.run(20);
            path.dirty = after * bandwidth;
            String as = "%s %s %s %s".formatted(bandwidth, noise, before, after);
            assertThat(path.secondsUntil(Verdict.NOT_CONVERGING))
                .as(as)
                .isLessThanOrEqualTo(Forecaster.VERDICT_WITHIN_NS / 1e9);
            path.verdicts.clear();
            path.run(60);
            assertThat(path.verdicts).as(as).containsOnly(Verdict.NOT_CONVERGING);
            path.dirty = 0.1 * bandwidth;
            assertThat(path.secondsUntil(Verdict.CONVERGING))
                .as(as)
                .isLessThanOrEqualTo(Forecaster.VERDICT_WITHIN_NS / 1e9);
          }
        }
      }
    }
  }

  /** Clean pages are all that a guest can make dirty: where few are, it writes what was sent. */
  @Test
  void theVerdictComesInTimeWhereWhateverWasSentIsWrittenAgain() {
    for (int seed = 0; seed < 500; seed++) {
      Path path = new Path(1e9, 1e6, 1e6, 0.2, seed);
      assertThat(path.secondsUntil(Verdict.NOT_CONVERGING))
          .as("seed %d", seed)
          .isLessThanOrEqualTo(Forecaster.VERDICT_WITHIN_NS / 1e9);
    }
  }

  /** What is enough to go on saying it in one's mind is not enough to begin with. */
  @Test
  void justBelowTheThresholdItIsNotSaid() {
    Path path = new Path(1e12, 1e8, 0.93e8, 0, 1);
    path.run(60);
    assertThat(path.verdicts).doesNotContain(Verdict.NOT_CONVERGING);
  }

  @Test
  void noVerdictFlapsAtAnyRatio() {
    for (double bandwidth : BANDWIDTHS) {
      for (double noise : NOISES) {
        for (int percent = 0; percent <= 150; percent += 5) {
          Path path =
              new Path(10_000 * bandwidth, bandwidth, percent / 100.0 * bandwidth, noise, percent);
          path.run(120);
          // MEASURING, and then one verdict; at a threshold itself it may settle once more.
          assertThat(path.changes())
              .as("%s %s %d: %s", bandwidth, noise, percent, path.verdicts)
              .isLessThanOrEqualTo(2);
        }
      }
    }
  }

  @Test
  void burstsWithinTheWindowChangeNothing() {
    Path path = new Path(1e12, 1e8, 0, 0.1, 3);
    for (int i = 0; i < 200; i++) {
      // The guest writes at three times the bandwidth for half a second, every five seconds.
      path.dirty = 3e8;
      path.run(0.5);
      path.dirty = 0;
      path.run(4.5);
    }
    assertThat(path.verdicts).doesNotContain(Verdict.NOT_CONVERGING, Verdict.STALLED);
  }

  @Test
  void theTimeLeftIsRightInSteadyCases() {
    for (double bandwidth : BANDWIDTHS) {
      for (double noise : NOISES) {
        for (double ratio : new double[] {0, 0.25, 0.5, 0.75}) {
          Path path = new Path(60 * bandwidth, bandwidth, ratio * bandwidth, noise, 11);
          List<long[]> told = new ArrayList<>();
          while (path.left > path.bandwidth * (LIMIT_NS - 2 * ROUND_TRIP_NS) / SECOND_NS) {
            Forecast forecast = path.step();
            forecast.timeLeftNs().ifPresent(left -> told.add(new long[] {path.nowNs, left}));
          }
          assertThat(told).hasSizeGreaterThan(200);
          // Where bandwidth and dirty rate are close, their difference carries the noise of both.
          double bound = 0.02 + noise / (1 - ratio);
          for (long[] one : told) {
            double real = path.nowNs - one[0];
            if (one[0] > 3 * SECOND_NS) {
              assertThat(Math.abs(one[1] - real))
                  .as("%s %s %s at %s", bandwidth, noise, ratio, one[0] / 1e9)
                  .isLessThanOrEqualTo(bound * real + 3 * STEP_NS);
            }
          }
        }
      }
    }
  }

  @Test
  void theLimitToldLetsTheGuestStop() {
    Path path = new Path(5e8, 1e8, 1e8, 0.1, 5);
    path.secondsUntil(Verdict.NOT_CONVERGING);
    Forecast forecast = path.run(10);
    assertThat(forecast.expectedDowntimeNs().getAsLong())
        .isCloseTo(5 * SECOND_NS, within(SECOND_NS));
    long limitMs = forecast.sufficientLimitMs().getAsLong();
    assertThat(limitMs).isBetween(5_000L, 10_000L);
    assertThat(path.run(10).sufficientLimitMs()).as("the same again").hasValue(limitMs);
    path.limitNs = TimeUnit.MILLISECONDS.toNanos(limitMs);
    path.secondsUntil(Verdict.CONVERGING);
    assertThat(path.step().timeLeftNs()).hasValue(0);
  }

  @Test
  void noLimitIsToldWhereNoneWouldDo() {
    Path path = new Path(1e11, 1e8, 2e8, 0, 5);
    path.secondsUntil(Verdict.NOT_CONVERGING);
    Forecast forecast = path.step();
    assertThat(forecast.sufficientLimitMs()).isEmpty();
    assertThat(forecast.timeLeftNs()).isEmpty();
  }

  @Test
  void aSilentDestinationIsAStallAtOnceAndNoLongerThanItLasts() {
    Path path = new Path(1e12, 1e8, 1e6, 0.1, 5);
    path.run(10);
    path.silent = true;
    assertThat(path.secondsUntil(Verdict.STALLED)).isBetween(2.9, 3.2);
    Forecast stalled = path.run(5);
    assertThat(stalled.stall().orElseThrow().contributor()).isEmpty();
    assertThat(stalled.stall().orElseThrow().forNs())
        .isCloseTo(8 * SECOND_NS, within(SECOND_NS / 2));
    assertThat(stalled.timeLeftNs()).isEmpty();
    path.silent = false;
    assertThat(path.run(0.2).verdict()).isEqualTo(Verdict.MEASURING);
    assertThat(path.run(5).verdict()).isEqualTo(Verdict.CONVERGING);
  }

  @Test
  void anIdleSourceIsNoStall() {
    Path path = new Path(0, 1e8, 0, 0, 5);
    path.run(30);
    assertThat(path.verdicts).doesNotContain(Verdict.STALLED);
  }

  @Test
  void aDirtyRateThatNobodyKnowsIsNoVerdict() {
    Path path = new Path(1e10, 1e8, 0, 0, 5);
    path.known = false;
    Forecast forecast = path.run(20);
    assertThat(forecast.verdict()).isEqualTo(Verdict.MEASURING);
    assertThat(forecast.dirtyRate()).isEmpty();
    assertThat(forecast.timeLeftNs().getAsLong() / 1e9).isCloseTo(80, within(2.0));
  }

  @Test
  void contributorsAreWaitedForAndNamedWhenTheyStandStill() {
    Path path = new Path(0, 1e8, 1e6, 0.1, 5);
    path.waiting = 3e9;
    path.relayRate = 1e8;
    Forecast forecast = path.run(10);
    assertThat(forecast.verdict()).isEqualTo(Verdict.WAITING_FOR_RELAY);
    assertThat(path.secondsUntil(Verdict.WAITING_FOR_RELAY)).isLessThan(1);
    path.relayRate = 0;
    assertThat(path.secondsUntil(Verdict.STALLED)).isBetween(2.9, 3.3);
    assertThat(path.step().stall().flatMap(Forecast.Stall::contributor))
        .isEqualTo(Optional.of(OLD));
    path.relayRate = 1e8;
    assertThat(path.run(3).verdict()).isEqualTo(Verdict.WAITING_FOR_RELAY);
  }

  @Test
  void anotherDestinationBeginsAnew() {
    Path path = new Path(1e12, 1e8, 2e8, 0.1, 5);
    path.secondsUntil(Verdict.NOT_CONVERGING);
    path.epoch = 2;
    assertThat(path.step().verdict()).isEqualTo(Verdict.MEASURING);
    path.bandwidth = 1e9;
    assertThat(path.run(10).verdict()).isEqualTo(Verdict.CONVERGING);
  }
}
