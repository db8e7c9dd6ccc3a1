package org.dcmigrate.peer.transfer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.dcmigrate.protocol.wire.TransferCodec;

/**
 * Limits what a peer sends, over all its transfers together. Who waits is served in the order of
 * arrival, so that transfers which all have something to send share the rate by turns. At most 10
 * ms worth go out in one burst, or one chunk where that is more.
 */
public final class EgressLimiter {
  private static final long BURST_NS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_WAIT_NS = TimeUnit.MILLISECONDS.toNanos(20);

  private final LongSupplier clockNs;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Long> waiting = new ArrayDeque<>();
  private final TokenBucket bucket;
  private long nextTurn;

  /**
   * A limiter.
   *
   * @param bytesPerSecond 0: no limit
   * @param clockNs e.g. {@link System#nanoTime}
   */
  public EgressLimiter(long bytesPerSecond, LongSupplier clockNs) {
    this.clockNs = clockNs;
    bucket =
        new TokenBucket(
            checked(bytesPerSecond),
            TransferCodec.MAX_MESSAGE_BYTES,
            BURST_NS,
            clockNs.getAsLong());
  }

  /** The rate in force; 0: no limit. */
  public long bytesPerSecond() {
    lock.lock();
    try {
      return bucket.bytesPerSecond();
    } finally {
      lock.unlock();
    }
  }

  /** Changes the rate, also for those who wait already. */
  public void setBytesPerSecond(long bytesPerSecond) {
    lock.lock();
    try {
      bucket.setRate(checked(bytesPerSecond), clockNs.getAsLong());
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until bytes may go out.
   *
   * @param abandoned looked at while waiting
   * @return whether they may; false when abandoned
   */
  public boolean acquire(long bytes, BooleanSupplier abandoned) throws InterruptedException {
    lock.lockInterruptibly();
    long turn = nextTurn++;
    try {
      waiting.addLast(turn);
      while (!abandoned.getAsBoolean()) {
        long waitNs = LONGEST_WAIT_NS;
        if (waiting.getFirst().longValue() == turn) {
          waitNs = bucket.take(bytes, clockNs.getAsLong());
          if (waitNs == 0) {
            return true;
          }
        }
        var _ = changed.awaitNanos(Math.min(waitNs, LONGEST_WAIT_NS));
      }
      return false;
    } finally {
      waiting.remove(turn);
      changed.signalAll();
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

  private static long checked(long bytesPerSecond) {
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("a rate must be >= 0, but was " + bytesPerSecond);
    }
    return bytesPerSecond;
  }
}
