package org.dcmigrate.protocol.forecast;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.PeerId;

/**
 * Makes forecasts of samples that come several times a second.
 *
 * <p>Rates are means over the last three seconds. A verdict changes when the measurements have said
 * the same for two seconds on end, and each threshold is lower on the way back, so that noise does
 * not make it flap: together the word that a transfer does not converge comes at most {@link
 * #VERDICT_WITHIN_NS} after the guest began to write faster than pages get across. STALLED comes
 * and goes at once. Not thread-safe.
 */
public final class Forecaster {
  /** Nothing was acknowledged for so long while something was under way: a stall. */
  public static final long STALLED_AFTER_NS = TimeUnit.SECONDS.toNanos(3);

  /** Within this time of a change that lasts, the verdict is the new one. */
  public static final long VERDICT_WITHIN_NS = TimeUnit.SECONDS.toNanos(6);

  /** The longest downtime limit that can be set. */
  public static final long MOST_LIMIT_MS = 60_000;

  private static final long HOLD_NS = TimeUnit.SECONDS.toNanos(2);
  private static final long LEAST_MEASURED_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long LEAST_APART_NS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final double SECOND_NS = 1e9;
  private static final double MILLI_NS = 1e6;

  /** At this part of the bandwidth a dirty rate leaves nothing: measured rates are never equal. */
  private static final double LOST = 0.95;

  /**
   * While the verdict has to hold before it is said: a guest that soon writes again whatever was
   * sent comes to a part of 1 and no more, and noise then falls below the threshold every moment.
   */
  private static final double STILL_LOST = 0.9;

  private static final double WON_BACK = 0.75;

  private static final double HALF = 0.5;
  private static final double CLEARLY_LESS = 0.35;

  /** The last pages, and the word that they are there. */
  private static final int ROUND_TRIPS = 2;

  /** What is left moves with each pass: a limit that is told lies so much above. */
  private static final double MARGIN = 1.5;

  private static final double LEAST_MARGIN = 1.1;
  private static final double MOST_MARGIN = 3;

  private final SlidingRate bandwidth = new SlidingRate();
  private final SlidingRate dirty = new SlidingRate();
  private final Map<PeerId, Relaying> relays = new HashMap<>();
  private Optional<Sample> last = Optional.empty();
  private Optional<Forecast> made = Optional.empty();
  private Verdict shown = Verdict.MEASURING;
  private Verdict candidate = Verdict.MEASURING;
  private long candidateSinceNs;
  private long movedAtNs;
  private long toldLimitMs;

  /** Nothing was measured yet. */
  public Forecaster() {}

  private static final class Relaying {
    private final SlidingRate rate = new SlidingRate();
    private long movedAtNs;
    private long bytes;
    private long waiting;

    private Relaying(Sample.Relay first, long atNs) {
      bytes = first.relayedBytes();
      waiting = first.waitingBytes();
      movedAtNs = atNs;
    }

    private void add(Sample.Relay now, long atNs, long tookNs) {
      rate.add(Math.max(0, now.relayedBytes() - bytes), tookNs);
      // Pages that are skipped or taken over are progress, too.
      if (now.relayedBytes() != bytes || now.waitingBytes() != waiting) {
        movedAtNs = atNs;
      }
      bytes = now.relayedBytes();
      waiting = now.waitingBytes();
    }
  }

  /** Takes a sample, and says how it looks with it. A sample too soon after another is left out. */
  public Forecast add(Sample sample) {
    boolean again = last.isEmpty() || last.get().epoch() != sample.epoch();
    if (again) {
      begin(sample);
    } else if (made.isPresent() && sample.atNs() - last.get().atNs() < LEAST_APART_NS) {
      return made.get();
    } else {
      measure(last.get(), sample);
    }
    last = Optional.of(sample);
    Optional<Forecast.Stall> stall = stall(sample);
    judge(sample, stall.isPresent());
    Forecast forecast =
        new Forecast(
            shown,
            Math.round(bandwidth.perSecond()),
            knowsDirty() ? OptionalLong.of(Math.round(dirty.perSecond())) : OptionalLong.empty(),
            timeLeft(sample),
            expectedDowntime(sample),
            sample.downtimeLimitNs(),
            sufficientLimit(sample),
            stall);
    made = Optional.of(forecast);
    return forecast;
  }

  private void begin(Sample first) {
    bandwidth.reset();
    dirty.reset();
    relays.clear();
    shown = Verdict.MEASURING;
    candidate = Verdict.MEASURING;
    candidateSinceNs = first.atNs();
    movedAtNs = first.atNs();
    toldLimitMs = 0;
  }

  private void measure(Sample before, Sample now) {
    long tookNs = now.atNs() - before.atNs();
    if (now.busy()) {
      bandwidth.add(Math.max(0, now.acknowledgedBytes() - before.acknowledgedBytes()), tookNs);
    }
    if (now.dirtyBytesPerSecond().isPresent()) {
      dirty.addRate(now.dirtyBytesPerSecond().getAsLong(), tookNs);
    } else {
      dirty.reset();
    }
    if (now.acknowledgedChunks() != before.acknowledgedChunks() || !before.isPending()) {
      movedAtNs = now.atNs();
    }
    for (Sample.Relay relay : now.relays()) {
      Relaying known =
          relays.computeIfAbsent(relay.peer(), peer -> new Relaying(relay, before.atNs()));
      known.add(relay, now.atNs(), tookNs);
    }
  }

  private Optional<Forecast.Stall> stall(Sample now) {
    long quietNs = now.atNs() - movedAtNs;
    if (now.isPending() && quietNs >= STALLED_AFTER_NS) {
      return Optional.of(new Forecast.Stall(Optional.empty(), quietNs));
    }
    if (now.busy()) {
      return Optional.empty();
    }
    // The source only waits: a relay that stands still holds everything up.
    return now.relays().stream()
        .filter(relay -> relay.waitingBytes() > 0 && relays.containsKey(relay.peer()))
        .map(relay -> new Forecast.Stall(Optional.of(relay.peer()), quiet(relay, now)))
        .filter(stall -> stall.forNs() >= STALLED_AFTER_NS)
        .findFirst();
  }

  private long quiet(Sample.Relay relay, Sample now) {
    return Optional.ofNullable(relays.get(relay.peer()))
        .map(known -> now.atNs() - known.movedAtNs)
        .orElse(0L);
  }

  // ---- The verdict.

  private void judge(Sample now, boolean stalled) {
    if (stalled) {
      shown = Verdict.STALLED;
      return;
    }
    if (shown == Verdict.STALLED) {
      // What was measured while nothing moved says nothing of what comes.
      bandwidth.reset();
      shown = Verdict.MEASURING;
      candidate = Verdict.MEASURING;
    }
    Verdict next = measured(now);
    if (next != candidate) {
      candidate = next;
      candidateSinceNs = now.atNs();
    }
    if (candidate != shown && now.atNs() - candidateSinceNs >= HOLD_NS) {
      shown = candidate;
    }
  }

  private Verdict measured(Sample now) {
    if (now.waitingBytes() > 0 && (!now.busy() || relayNs(now) >= ownNs(now))) {
      return Verdict.WAITING_FOR_RELAY;
    }
    if (!knowsBandwidth() || !knowsDirty()) {
      return Verdict.MEASURING;
    }
    if (now.waitingBytes() == 0 && fits(now)) {
      return Verdict.CONVERGING;
    }
    double part = dirty.perSecond() / bandwidth.perSecond();
    boolean lost = part >= lostFrom();
    // While contributors use the downlink, too, the source's bandwidth is not what it will be.
    if (lost && now.waitingBytes() == 0) {
      return Verdict.NOT_CONVERGING;
    }
    return part >= (shown == Verdict.SLOW ? CLEARLY_LESS : HALF)
        ? Verdict.SLOW
        : Verdict.CONVERGING;
  }

  private double lostFrom() {
    if (shown == Verdict.NOT_CONVERGING) {
      return WON_BACK;
    }
    return candidate == Verdict.NOT_CONVERGING ? STILL_LOST : LOST;
  }

  private boolean knowsBandwidth() {
    return bandwidth.measuredNs() >= LEAST_MEASURED_NS && bandwidth.perSecond() > 0;
  }

  private boolean knowsDirty() {
    return dirty.measuredNs() >= LEAST_MEASURED_NS;
  }

  private boolean fits(Sample now) {
    return now.leftBytes() <= fittingBytes(now);
  }

  /** What gets across within the downtime limit. */
  private double fittingBytes(Sample now) {
    return Math.max(0, now.downtimeLimitNs() - roundTrips(now)) / SECOND_NS * bandwidth.perSecond();
  }

  private static long roundTrips(Sample now) {
    return ROUND_TRIPS * now.roundTripNs().orElse(0);
  }

  // ---- Times.

  private OptionalLong timeLeft(Sample now) {
    if (!knowsBandwidth() || shown == Verdict.STALLED) {
      return OptionalLong.empty();
    }
    double relayNs = relayNs(now);
    double ownNs;
    if (now.busy()) {
      ownNs = Math.max(ownNs(now), relayNs);
    } else {
      // What is written while the source waits has to be sent after that.
      double later = now.leftBytes() + dirty.perSecond() * relayNs / SECOND_NS;
      ownNs = relayNs + ownNs(now, later);
    }
    return ownNs < Long.MAX_VALUE ? OptionalLong.of(Math.round(ownNs)) : OptionalLong.empty();
  }

  private double ownNs(Sample now) {
    return knowsBandwidth() ? ownNs(now, (double) now.leftBytes()) : 0;
  }

  private double ownNs(Sample now, double leftBytes) {
    double over = leftBytes - fittingBytes(now);
    double gain = bandwidth.perSecond() - dirty.perSecond();
    if (over <= 0) {
      return 0;
    }
    return gain <= (1 - LOST) * bandwidth.perSecond()
        ? Double.POSITIVE_INFINITY
        : over * SECOND_NS / gain;
  }

  private double relayNs(Sample now) {
    double longest = 0;
    for (Sample.Relay relay : now.relays()) {
      Optional<Relaying> known = Optional.ofNullable(relays.get(relay.peer()));
      if (relay.waitingBytes() > 0) {
        double rate = known.map(one -> one.rate.perSecond()).orElse(0.0);
        longest = Math.max(longest, relay.waitingBytes() * SECOND_NS / rate);
      }
    }
    return longest;
  }

  private OptionalLong expectedDowntime(Sample now) {
    return knowsBandwidth() && shown != Verdict.STALLED
        ? OptionalLong.of(
            Math.round(now.leftBytes() * SECOND_NS / bandwidth.perSecond()) + roundTrips(now))
        : OptionalLong.empty();
  }

  /** Changes only when it has to, so that an operator can type what is told. */
  private OptionalLong sufficientLimit(Sample now) {
    OptionalLong downtimeNs = expectedDowntime(now);
    if (shown != Verdict.NOT_CONVERGING || downtimeNs.isEmpty()) {
      toldLimitMs = 0;
      return OptionalLong.empty();
    }
    double needMs = downtimeNs.getAsLong() / MILLI_NS;
    if (toldLimitMs < needMs * LEAST_MARGIN || toldLimitMs > needMs * MOST_MARGIN) {
      toldLimitMs = rounded(needMs * MARGIN);
    }
    return toldLimitMs <= MOST_LIMIT_MS ? OptionalLong.of(toldLimitMs) : OptionalLong.empty();
  }

  private static long rounded(double ms) {
    long step = ms < 1_000 ? 10 : ms < 10_000 ? 100 : 1_000;
    return Math.max(step, (long) Math.ceil(ms / step) * step);
  }
}
