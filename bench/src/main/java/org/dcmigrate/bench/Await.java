package org.dcmigrate.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits that end: each has a deadline, and says what it waited for. */
final class Await {
  private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(5);

  private Await() {}

  /** Something that comes about by itself. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws BenchException, IOException;
  }

  /**
   * Waits.
   *
   * @param what completes the sentence "waited in vain until"
   */
  static void until(String what, Duration patience, Condition condition) throws BenchException {
    long deadlineNs = System.nanoTime() + patience.toNanos();
    try {
      while (!condition.holds()) {
        if (System.nanoTime() - deadlineNs > 0) {
          throw new BenchException("waited " + patience.toSeconds() + " s in vain until " + what);
        }
        if (Thread.interrupted()) {
          throw new BenchException("interrupted while waiting until " + what);
        }
        LockSupport.parkNanos(POLL_NS);
      }
    } catch (IOException failed) {
      throw new BenchException("cannot wait until " + what + ": " + failed, failed);
    }
  }

  /** Lets a time pass. */
  static void pause(Duration time) throws BenchException {
    try {
      Thread.sleep(time);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", interrupted);
    }
  }
}
