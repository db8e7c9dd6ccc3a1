package org.dcmigrate.peer.guest.synthetic;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.Geometry;

/**
 * The guest's one activity: a thread that writes pages. Everything it does happens under one lock,
 * so that it stops between two writes, at once and exactly.
 */
final class Writer {
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long MOST_BACKLOG_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int BATCH = 64;
  private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

  private final SyntheticSpec spec;
  private final GuestHome home;
  private final long[] firstIndexes;
  private final long pages;
  private final Thread thread;

  // Fair: who wants to stop the writer gets in after the batch under way.
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition changed = lock.newCondition();
  private Optional<DirtyPages> dirty = Optional.empty();
  private long random;
  private long writes;
  private boolean running;
  private boolean ended;
  private long paceStartNs;
  private long paceWrites;

  /** A writer that stands still. */
  Writer(String name, SyntheticSpec spec, GuestHome home, WriterState state) {
    this.spec = spec;
    this.home = home;
    firstIndexes = home.geometry().firstIndexes();
    pages = home.geometry().totalPages();
    random = state.random();
    writes = state.writes();
    thread = Thread.ofPlatform().name("guest-" + name).daemon(true).unstarted(this::loop);
  }

  void start() {
    locked(
        () -> {
          running = true;
          restartPace();
          if (thread.getState() == Thread.State.NEW && spec.writesPerSecond() > 0) {
            thread.start();
          }
          changed.signalAll();
          return true;
        });
  }

  /** The writer stands still when this returns. */
  void stop() {
    locked(() -> running = false);
  }

  /** Stops for good; when this returns, the memory is not touched any more. */
  void end() {
    locked(
        () -> {
          running = false;
          ended = true;
          changed.signalAll();
          return true;
        });
  }

  boolean isRunning() {
    return locked(() -> running);
  }

  WriterState state() {
    return locked(() -> new WriterState(random, writes));
  }

  /** Notes pages written from now on. */
  void track(DirtyPages written) {
    locked(() -> dirty = Optional.of(written));
  }

  void untrack() {
    locked(() -> dirty = Optional.empty());
  }

  /** Writes so many pages now, whatever the rate. */
  void write(long count) {
    lock.lock();
    try {
      for (long i = 0; i < count; i++) {
        writeOne();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Looks at memory while nothing is written; gives up when the guest has ended. */
  <T> Optional<T> still(Function<WriterState, T> look) {
    return locked(
        () -> ended ? Optional.empty() : Optional.of(look.apply(new WriterState(random, writes))));
  }

  private void loop() {
    try {
      while (true) {
        lock.lock();
        try {
          while (!running && !ended) {
            changed.await();
          }
          if (ended) {
            return;
          }
          long pauseNs = writeWhatIsDue();
          if (pauseNs > 0) {
            var _ = changed.awaitNanos(pauseNs);
          }
        } finally {
          lock.unlock();
        }
      }
    } catch (InterruptedException ends) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes at most a batch; gives the time until more is due. */
  private long writeWhatIsDue() {
    double perNs = (double) spec.writesPerSecond() / SECOND_NS;
    long due = (long) ((System.nanoTime() - paceStartNs) * perNs) - paceWrites;
    long batch = Math.min(due, BATCH);
    write(batch);
    paceWrites += batch;
    if (due - batch > Math.max(BATCH, MOST_BACKLOG_NS * perNs)) {
      // The machine is slower than the rate asked for: what was missed is not caught up.
      restartPace();
    }
    return due > batch ? 0 : Math.clamp((long) (1 / perNs), 1, LONGEST_PAUSE_NS);
  }

  private void restartPace() {
    paceStartNs = System.nanoTime();
    paceWrites = 0;
  }

  private void writeOne() {
    long index = pick();
    int block = firstIndexes.length - 1;
    while (firstIndexes[block] > index) {
      block--;
    }
    MemorySegment memory = home.memory(block);
    long offset = (index - firstIndexes[block]) * Geometry.PAGE_BYTES;
    long version = PageContent.version(memory, offset) + 1;
    PageContent.write(memory, offset, spec, index, version);
    writes++;
    if (dirty.isPresent()) {
      dirty.get().mark(index);
    }
  }

  private long pick() {
    long range =
        switch (spec.pattern()) {
          case UNIFORM -> pages;
          case HOT -> nextBelow(10) < 9 ? Math.max(1, pages / 10) : pages;
        };
    return nextBelow(range);
  }

  private long nextBelow(long bound) {
    random += GOLDEN;
    return Long.remainderUnsigned(PageContent.mix(random), bound);
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }
}
