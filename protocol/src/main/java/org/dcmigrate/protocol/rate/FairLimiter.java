package org.dcmigrate.protocol.rate;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.dcmigrate.protocol.wire.TransferCodec;

/**
 * Decides whose bytes go out next: under a limit of the whole peer, each migration under a limit of
 * its own, all by weight.
 *
 * <ul>
 *   <li>Start-time fair queueing: every migration has a virtual time, which a grant moves on by
 *       bytes / weight; of those that wait and whose own limit lets them, the one farthest behind
 *       is next. So shares are as the weights, nobody waits for ever, and what a migration does not
 *       take, because it has nothing to send or a limit, is the others'.
 *   <li>A limit lets out, between any two moments, what the rate gives in that time and one burst:
 *       {@link #BURST_BYTES}, or what the rate gives in 10 ms where that is more.
 *   <li>A migration that paused is not owed what it left to others, but for a little: it may catch
 *       up {@link #TURN_BYTES} for each unit of its weight. Without that, one that asks again only
 *       after it has sent would lose its turn in the moment between.
 * </ul>
 *
 * <p>Bytes are granted in turns, so that many small chunks cost one decision. Not thread-safe.
 */
public final class FairLimiter {
  /** The most that is granted at once, unless more is asked for. */
  public static final long TURN_BYTES = 256 << 10;

  /** The least size of a burst: one chunk of the largest size. */
  public static final long BURST_BYTES = TransferCodec.MAX_MESSAGE_BYTES;

  /** What {@link #advance} gives when nobody waits for time to pass. */
  public static final long NEVER = Long.MAX_VALUE;

  private static final long BURST_NS = 10_000_000L;

  // A turn takes no longer than this at the limit in force, so that slow ones stay smooth.
  private static final long TURN_NS = 5_000_000L;
  private static final long SECOND_NS = 1_000_000_000L;

  private final TokenBucket all;
  private final RateMeter meter;
  private final List<Flow> flows = new ArrayList<>();
  // In bytes of weight 1.
  private double virtualTime;

  /**
   * A limiter.
   *
   * @param bytesPerSecond of all migrations together, &gt;= 0; 0: no limit
   */
  public FairLimiter(long bytesPerSecond, long nowNs) {
    all = bucket(bytesPerSecond, nowNs);
    meter = new RateMeter(nowNs);
  }

  /** What one migration sends. */
  public static final class Flow {
    private final TokenBucket own;
    private final RateMeter meter;
    private final Deque<Claim> waiting = new ArrayDeque<>();
    private Share share;
    private double start;

    private Flow(Share share, double start, long nowNs) {
      this.share = share;
      this.start = start;
      own = bucket(share.mostBytesPerSecond(), nowNs);
      meter = new RateMeter(nowNs);
    }

    /** What it may take. */
    public Share share() {
      return share;
    }

    /** What was granted, per second, over the last second. */
    public long bytesPerSecond(long nowNs) {
      return meter.bytesPerSecond(nowNs);
    }
  }

  /** One transfer of a migration, that asks for one grant after the other. */
  public static final class Claim {
    private final Flow flow;
    private final Runnable whenGranted;
    private long bytes;
    private boolean waits;

    /**
     * Nothing is asked for yet.
     *
     * @param whenGranted called by {@link FairLimiter#advance}
     */
    public Claim(Flow flow, Runnable whenGranted) {
      this.flow = flow;
      this.whenGranted = whenGranted;
    }

    /** Whether it was asked for and not granted. */
    public boolean waits() {
      return waits;
    }

    /** The size of the grant that was asked for last, &gt;= what was asked for. */
    public long bytes() {
      return bytes;
    }
  }

  /** The limit of all together; 0: none. */
  public long mostBytesPerSecond() {
    return all.bytesPerSecond();
  }

  /** Changes the limit of all together, also for what waits; {@link #advance} has to follow. */
  public void limit(long bytesPerSecond, long nowNs) {
    all.setRate(checked(bytesPerSecond), nowNs);
  }

  /** What was granted to all, per second, over the last second. */
  public long bytesPerSecond(long nowNs) {
    return meter.bytesPerSecond(nowNs);
  }

  /** A migration begins to send. */
  public Flow open(Share share, long nowNs) {
    Flow flow = new Flow(share, virtualTime, nowNs);
    flows.add(flow);
    return flow;
  }

  /** Changes limit and priority, also for what waits; {@link #advance} has to follow. */
  public void change(Flow flow, Share share, long nowNs) {
    // How far ahead it is weighs anew: the change takes effect at once.
    double ahead = Math.max(0, flow.start - virtualTime);
    double ratio = (double) flow.share.priority().weight() / share.priority().weight();
    flow.start += ahead * (ratio - 1);
    flow.share = share;
    flow.own.setRate(share.mostBytesPerSecond(), nowNs);
  }

  /** A migration sends no more; what it still asks for is never granted. */
  public void close(Flow flow) {
    flows.remove(flow);
  }

  /**
   * Asks for a grant; {@link #advance} has to follow.
   *
   * @param bytes &gt; 0, the least that is of use
   */
  public void ask(Claim claim, long bytes) {
    if (claim.waits) {
      throw new IllegalStateException("a claim asks for one grant at a time");
    }
    Flow flow = claim.flow;
    claim.bytes = Math.max(bytes, turnBytes(flow));
    claim.waits = true;
    if (flow.waiting.isEmpty()) {
      flow.start = Math.max(flow.start, virtualTime - TURN_BYTES);
    }
    flow.waiting.addLast(claim);
  }

  /** Takes back what was asked for and not granted. */
  public void withdraw(Claim claim) {
    if (claim.waits) {
      claim.waits = false;
      claim.flow.waiting.remove(claim);
    }
  }

  /**
   * Grants what may go at this time.
   *
   * @return nanoseconds, &gt; 0, until something more may go if nothing else changes; {@link
   *     #NEVER} where nobody waits
   */
  public long advance(long nowNs) {
    while (true) {
      long soonestNs = NEVER;
      int next = -1;
      for (int i = 0; i < flows.size(); i++) {
        Flow flow = flows.get(i);
        if (flow.waiting.isEmpty()) {
          continue;
        }
        long waitNs = flow.own.waitNs(flow.waiting.getFirst().bytes, nowNs);
        if (waitNs > 0) {
          soonestNs = Math.min(soonestNs, waitNs);
        } else if (next < 0 || flow.start < flows.get(next).start) {
          next = i;
        }
      }
      if (next < 0) {
        return soonestNs;
      }
      Flow flow = flows.get(next);
      // A smaller grant of another does not slip past: nobody waits for ever.
      long waitNs = all.waitNs(flow.waiting.getFirst().bytes, nowNs);
      if (waitNs > 0) {
        return Math.min(soonestNs, waitNs);
      }
      grant(flow, nowNs);
    }
  }

  private void grant(Flow flow, long nowNs) {
    Claim claim = flow.waiting.removeFirst();
    all.take(claim.bytes, nowNs);
    flow.own.take(claim.bytes, nowNs);
    virtualTime = Math.max(virtualTime, flow.start);
    flow.start += (double) claim.bytes / flow.share.priority().weight();
    meter.add(claim.bytes, nowNs);
    flow.meter.add(claim.bytes, nowNs);
    claim.waits = false;
    claim.whenGranted.run();
  }

  private long turnBytes(Flow flow) {
    long rate = flow.share.atMost(all.bytesPerSecond()).mostBytesPerSecond();
    double most = rate == 0 ? TURN_BYTES : (double) rate * TURN_NS / SECOND_NS;
    return Math.max(1, (long) Math.min(most, TURN_BYTES));
  }

  private static TokenBucket bucket(long bytesPerSecond, long nowNs) {
    return new TokenBucket(checked(bytesPerSecond), BURST_BYTES, BURST_NS, nowNs);
  }

  private static long checked(long bytesPerSecond) {
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("a rate must be >= 0, but was " + bytesPerSecond);
    }
    return bytesPerSecond;
  }
}
