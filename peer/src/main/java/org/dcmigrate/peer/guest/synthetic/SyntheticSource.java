package org.dcmigrate.peer.guest.synthetic;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.split.Throughput;

/**
 * A synthetic guest in migration. It goes through memory in ascending passes: the first takes all
 * pages, the later ones those written meanwhile. Between two passes it rests as long as it must not
 * stop, as what is written most would only come again and again.
 */
final class SyntheticSource implements GuestSource {
  private static final int RUN_PAGES = 256;
  private static final long ZERO_RUN_PAGES = 1 << 16;
  // So few pages are never worth another pass.
  private static final long FEW_PAGES = 64;

  private final SyntheticGuest guest;
  private final GuestHome home;
  private final Writer writer;
  private final LongSupplier clockNs;
  private final long[] firstIndexes;
  private final long pages;
  private final DirtyPages dirty;
  private final Throughput drained = new Throughput();
  // The transport takes arrays as they are.
  private final MemorySegment buffer =
      MemorySegment.ofArray(new byte[RUN_PAGES * Geometry.PAGE_BYTES]);

  // Of the thread that reads.
  private Phase phase = Phase.PASS;
  private int pass = 1;
  private boolean first = true;
  private long cursor;
  private boolean mayStop;
  private Duration downtimeLimit;
  private long countedMarks;
  private long countedAtNs;
  private long emittedPages;
  private long emittedAtNs;
  private long stoppedAtNs;

  // Guarded by this.
  private boolean standsStill;
  private boolean sealed;
  private boolean closed;

  private enum Phase {
    /** Goes through memory. */
    PASS,
    /** Between two passes. */
    REST,
    /** The guest stands still, its last pages come. */
    LAST_PASS,
    /** Everything was said. */
    SAID
  }

  SyntheticSource(
      SyntheticGuest guest,
      GuestHome home,
      Writer writer,
      Duration downtimeLimit,
      LongSupplier clockNs) {
    this.guest = guest;
    this.home = home;
    this.writer = writer;
    this.downtimeLimit = downtimeLimit;
    this.clockNs = clockNs;
    firstIndexes = home.geometry().firstIndexes();
    pages = home.geometry().totalPages();
    dirty = new DirtyPages(pages);
    writer.track(dirty);
    countedAtNs = clockNs.getAsLong();
  }

  @Override
  public GuestMetadata metadata() {
    return guest.metadata();
  }

  @Override
  public Event next(Duration patience) throws DcmException {
    measure();
    if (phase == Phase.REST && mayStop) {
      if (littleIsLeft(dirty.count())) {
        stopGuest();
      } else {
        beginPass();
      }
    }
    return switch (phase) {
      case PASS, LAST_PASS -> isClosed() ? idle(patience) : nextRun();
      case REST, SAID -> idle(patience);
    };
  }

  @Override
  public void read(int block, long firstPage, int pageCount, MemorySegment into) {
    guest.read(block, firstPage, pageCount, into);
  }

  @Override
  public void written(Consumer<Extent> each) {
    // In the first pass, what lies ahead has not been given yet.
    long end = phase == Phase.PASS && first ? cursor : pages;
    for (long index = dirty.next(0); index < end; ) {
      int block = block(index);
      long blockEnd = firstIndexes[block] + home.geometry().blocks().get(block).pages();
      long runEnd = Math.min(dirty.nextClear(index), Math.min(end, blockEnd));
      each.accept(new Extent(block, index - firstIndexes[block], runEnd - index));
      index = dirty.next(runEnd);
    }
  }

  @Override
  public void anotherPass() {
    if (phase == Phase.REST) {
      beginPass();
    }
  }

  @Override
  public void limitDowntime(Duration limit) {
    downtimeLimit = limit;
  }

  /** Over the time since the last call. */
  @Override
  public OptionalLong dirtyPagesPerSecond() {
    long marks = dirty.marked();
    long nowNs = clockNs.getAsLong();
    long perSecond = Math.round((marks - countedMarks) * 1e9 / Math.max(1, nowNs - countedAtNs));
    countedMarks = marks;
    countedAtNs = nowNs;
    return OptionalLong.of(perSecond);
  }

  @Override
  public void letStop() {
    mayStop = true;
  }

  @Override
  public synchronized void holdBack() {
    mayStop = false;
    if (phase == Phase.LAST_PASS && !closed) {
      // What has not come of the last pass is still marked.
      phase = Phase.PASS;
      standsStill = false;
      writer.start();
    }
  }

  /** It runs on wherever it is. */
  @Override
  public boolean standsStillUnread() {
    return false;
  }

  @Override
  public synchronized StoppedGuest seal() throws DcmException {
    requireStandsStill();
    if (!sealed) {
      sealed = true;
      writer.untrack();
    }
    return guest.stopped();
  }

  @Override
  public synchronized void resume() throws DcmException {
    requireStandsStill();
    if (sealed) {
      throw new DcmException(Reason.GUEST_FAILED, "the guest was given away and cannot resume");
    }
    mayStop = false;
    standsStill = false;
    dirty.markAll();
    first = true;
    cursor = 0;
    phase = Phase.PASS;
    writer.start();
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    notifyAll();
    if (!sealed) {
      writer.untrack();
      if (standsStill) {
        writer.start();
      }
      guest.migrationEnded();
    }
  }

  private Event nextRun() {
    long index = dirty.next(cursor);
    if (index == pages) {
      return phase == Phase.LAST_PASS ? stoppedEvent() : endPass();
    }
    int block = block(index);
    long firstPage = index - firstIndexes[block];
    long blockEnd = firstIndexes[block] + home.geometry().blocks().get(block).pages();
    MemorySegment memory = home.memory(block);
    long firstIndex = firstIndexes[block];
    if (PageContent.isZero(memory, firstPage * Geometry.PAGE_BYTES)) {
      cursor = takeRun(index, Math.min(blockEnd, index + ZERO_RUN_PAGES), firstIndex, memory, true);
      // Not measured: zero pages take no bandwidth.
      return new Event.ZeroPages(block, firstPage, cursor - index);
    }
    cursor = takeRun(index, Math.min(blockEnd, index + RUN_PAGES), firstIndex, memory, false);
    int count = (int) (cursor - index);
    MemorySegment payload = buffer.asSlice(0, (long) count * Geometry.PAGE_BYTES);
    guest.read(block, firstPage, count, payload);
    emitted(count);
    return new Event.Pages(block, firstPage, count, payload);
  }

  /** Takes the marks of neighbouring pages that are all zero, or all not; gives the run's end. */
  private long takeRun(long from, long to, long firstIndex, MemorySegment memory, boolean zero) {
    boolean _ = dirty.take(from);
    long index = from + 1;
    while (index < to && dirty.take(index)) {
      if (PageContent.isZero(memory, (index - firstIndex) * Geometry.PAGE_BYTES) != zero) {
        dirty.mark(index);
        break;
      }
      index++;
    }
    return index;
  }

  private Event endPass() {
    long left = dirty.count();
    first = false;
    Event ended = new Event.PassEnded(pass, left);
    pass++;
    if (!mayStop) {
      phase = Phase.REST;
    } else if (littleIsLeft(left)) {
      stopGuest();
    } else {
      beginPass();
    }
    return ended;
  }

  private void beginPass() {
    phase = Phase.PASS;
    cursor = 0;
  }

  private boolean littleIsLeft(long dirtyPages) {
    long expected = guest.expectedBytesPerSecond();
    double expectedNs =
        expected > 0
            ? dirtyPages * (double) Geometry.PAGE_BYTES / expected * 1e9
            : drained.isKnown() ? dirtyPages / drained.perSecond() * 1e9 : Double.POSITIVE_INFINITY;
    return dirtyPages <= FEW_PAGES || expectedNs <= downtimeLimit.toNanos();
  }

  private synchronized void stopGuest() {
    if (closed) {
      return;
    }
    writer.stop();
    stoppedAtNs = System.nanoTime();
    standsStill = true;
    phase = Phase.LAST_PASS;
    cursor = 0;
  }

  private Event stoppedEvent() {
    phase = Phase.SAID;
    return new Event.Stopped(writer.state().encoded(), stoppedAtNs, true);
  }

  private void emitted(long count) {
    emittedPages = count;
    emittedAtNs = clockNs.getAsLong();
  }

  /** The time from one call to the next is what the taker needed for the pages between. */
  private void measure() {
    if (emittedPages > 0) {
      drained.add(emittedPages, clockNs.getAsLong() - emittedAtNs);
      emittedPages = 0;
    }
  }

  private synchronized Event idle(Duration patience) throws DcmException {
    try {
      long deadlineNs = System.nanoTime() + patience.toNanos();
      for (long leftNs = patience.toNanos();
          leftNs > 0 && !closed;
          leftNs = deadlineNs - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(this, leftNs);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(
          Reason.PEER_NOT_SERVING, "reading the guest was interrupted", interrupted);
    }
    return new Event.Idle();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private void requireStandsStill() throws DcmException {
    if (phase != Phase.SAID || closed) {
      throw new DcmException(Reason.GUEST_FAILED, "the guest does not stand still for a migration");
    }
  }

  private int block(long index) {
    int block = firstIndexes.length - 1;
    while (firstIndexes[block] > index) {
      block--;
    }
    return block;
  }
}
