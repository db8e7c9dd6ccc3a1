package org.dcmigrate.peer.transfer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.rate.FairLimiter;
import org.dcmigrate.protocol.rate.Share;

/**
 * Has the threads that send pages wait for their turns at the {@link FairLimiter}: what a peer
 * sends, over all its transfers together. Of those who wait, one waits for the time of the next
 * grant, and wakes whom it is for.
 */
public final class EgressLimiter {
  // After so long who waits looks whether it is still wanted.
  private static final long LONGEST_WAIT_NS = Duration.ofMillis(20).toNanos();

  private final LongSupplier clockNs;
  private final ReentrantLock lock = new ReentrantLock();
  private final FairLimiter limiter;
  private final List<EgressFlow> flows = new ArrayList<>();
  private final Deque<Turn> waiting = new ArrayDeque<>();
  private Optional<Turn> watching = Optional.empty();
  private long watchEndsNs;

  /** In which role a peer sends. */
  public enum Role {
    SOURCE,
    CONTRIBUTOR
  }

  /** Whose pages are sent. */
  public record Owner(MigrationId migration, String guest, Role role) {}

  /**
   * What one migration sends at this moment.
   *
   * @param bytesPerSecond over the last second
   */
  public record Sending(Owner owner, Share share, long bytesPerSecond) {}

  /**
   * What is sent at this moment.
   *
   * @param mostBytesPerSecond 0: no limit
   * @param bytesPerSecond over the last second
   */
  public record Snapshot(long mostBytesPerSecond, long bytesPerSecond, List<Sending> migrations) {
    public Snapshot {
      migrations = List.copyOf(migrations);
    }
  }

  /**
   * A limiter.
   *
   * @param bytesPerSecond &gt;= 0; 0: no limit
   * @param clockNs e.g. {@link System#nanoTime}
   */
  public EgressLimiter(long bytesPerSecond, LongSupplier clockNs) {
    this.clockNs = clockNs;
    limiter = new FairLimiter(bytesPerSecond, clockNs.getAsLong());
  }

  /** The rate in force; 0: no limit. */
  public long bytesPerSecond() {
    lock.lock();
    try {
      return limiter.mostBytesPerSecond();
    } finally {
      lock.unlock();
    }
  }

  /** Changes the rate, also for those who wait already. */
  public void setBytesPerSecond(long bytesPerSecond) {
    lock.lock();
    try {
      limiter.limit(bytesPerSecond, clockNs.getAsLong());
      wakeAll();
    } finally {
      lock.unlock();
    }
  }

  /** A migration begins to send here; to be closed when it has ended. */
  public EgressFlow open(Owner owner, Share share) {
    lock.lock();
    try {
      EgressFlow flow = new EgressFlow(this, owner, limiter.open(share, clockNs.getAsLong()));
      flows.add(flow);
      return flow;
    } finally {
      lock.unlock();
    }
  }

  /** What is sent now. */
  public Snapshot snapshot() {
    lock.lock();
    try {
      long nowNs = clockNs.getAsLong();
      return new Snapshot(
          limiter.mostBytesPerSecond(),
          limiter.bytesPerSecond(nowNs),
          flows.stream()
              .map(
                  flow ->
                      new Sending(
                          flow.owner(), flow.core().share(), flow.core().bytesPerSecond(nowNs)))
              .toList());
    } finally {
      lock.unlock();
    }
  }

  /** One transfer's place in the queue, used by one thread. */
  final class Turn {
    private final Condition granted = lock.newCondition();
    private final FairLimiter.Claim claim;

    Turn(FairLimiter.Flow flow) {
      claim = new FairLimiter.Claim(flow, granted::signal);
    }

    /**
     * Waits until bytes may go out.
     *
     * @param abandoned looked at while waiting
     * @return how many, at least those asked for; 0 when abandoned
     */
    long take(long bytes, BooleanSupplier abandoned) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        limiter.ask(claim, bytes);
        waiting.addLast(this);
        return await(abandoned) ? claim.bytes() : 0;
      } finally {
        limiter.withdraw(claim);
        waiting.remove(this);
        if (watching.equals(Optional.of(this))) {
          watching = Optional.empty();
          Optional.ofNullable(waiting.peekFirst()).ifPresent(next -> next.granted.signal());
        }
        lock.unlock();
      }
    }

    private boolean await(BooleanSupplier abandoned) throws InterruptedException {
      while (true) {
        long nowNs = clockNs.getAsLong();
        long waitNs = Math.min(limiter.advance(nowNs), LONGEST_WAIT_NS);
        if (!claim.waits()) {
          return true;
        }
        if (abandoned.getAsBoolean()) {
          return false;
        }
        boolean watches = watching.equals(Optional.of(this));
        if (watches || watching.isEmpty() || nowNs + waitNs < watchEndsNs) {
          watching = Optional.of(this);
          watchEndsNs = nowNs + waitNs;
        } else {
          waitNs = LONGEST_WAIT_NS;
        }
        var _ = granted.awaitNanos(waitNs);
      }
    }
  }

  Share share(EgressFlow flow) {
    lock.lock();
    try {
      return flow.core().share();
    } finally {
      lock.unlock();
    }
  }

  void change(EgressFlow flow, UnaryOperator<Share> how) {
    lock.lock();
    try {
      limiter.change(flow.core(), how.apply(flow.core().share()), clockNs.getAsLong());
      wakeAll();
    } finally {
      lock.unlock();
    }
  }

  void close(EgressFlow flow) {
    lock.lock();
    try {
      limiter.close(flow.core());
      flows.remove(flow);
      wakeAll();
    } finally {
      lock.unlock();
    }
  }

  /** Number of those who wait. */
  int waiting() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  private void wakeAll() {
    waiting.forEach(turn -> turn.granted.signal());
  }
}
