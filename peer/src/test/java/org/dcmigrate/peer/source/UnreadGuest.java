package org.dcmigrate.peer.source;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;

/**
 * A guest that a test stops, and that then stands still until all its last pages were read, as
 * QEMU's do: with leave to stop it says that it has stopped, without it runs on by itself.
 */
final class UnreadGuest implements GuestSource {
  private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);

  private final GuestMetadata metadata;
  private final byte[] content = new byte[Geometry.PAGE_BYTES];
  private final List<String> heard = new ArrayList<>();
  private boolean mayStop;
  private boolean stopAllowed;
  private boolean standsStill;
  private int unread;
  private int emitted;

  UnreadGuest(Geometry geometry) {
    metadata = new GuestMetadata("unread", geometry, new TreeMap<>(), new byte[0]);
  }

  /** Stops, with so many pages left to read. */
  synchronized void stop(int lastPages) {
    standsStill = true;
    unread = lastPages;
    notifyAll();
  }

  /** Pages left to read. */
  synchronized int unread() {
    return unread;
  }

  /** Waits until it was told something, or ran on; gives all that was until then. */
  synchronized List<String> await(String what) throws InterruptedException {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (!heard.contains(what)) {
      long leftNs = deadlineNs - System.nanoTime();
      if (leftNs <= 0) {
        throw new AssertionError("no " + what + " but " + heard);
      }
      TimeUnit.NANOSECONDS.timedWait(this, leftNs);
    }
    return List.copyOf(heard);
  }

  private void hear(String what) {
    heard.add(what);
    notifyAll();
  }

  @Override
  public GuestMetadata metadata() {
    return metadata;
  }

  @Override
  public synchronized Event next(Duration patience) {
    if (!standsStill) {
      // It writes all the time.
      return page();
    }
    if (unread > 0) {
      unread--;
      return page();
    }
    standsStill = false;
    if (mayStop || stopAllowed) {
      return new Event.Stopped(new byte[0], System.nanoTime(), true);
    }
    hear("ran on");
    return new Event.Idle();
  }

  private Event page() {
    int page = emitted++ % (int) metadata.geometry().totalPages();
    content[0] = (byte) (1 + emitted % 100);
    return new Event.Pages(0, page, 1, MemorySegment.ofArray(content));
  }

  @Override
  public void read(int block, long firstPage, int pageCount, MemorySegment into) {
    into.fill((byte) 7);
  }

  @Override
  public void written(Consumer<Extent> each) {}

  @Override
  public void anotherPass() {}

  @Override
  public void limitDowntime(Duration limit) {}

  @Override
  public OptionalLong dirtyPagesPerSecond() {
    return OptionalLong.empty();
  }

  @Override
  public synchronized void letStop() {
    mayStop = true;
    hear("letStop");
  }

  @Override
  public synchronized void holdBack() {
    stopAllowed = mayStop && standsStill;
    mayStop = false;
    hear("holdBack");
  }

  @Override
  public synchronized boolean standsStillUnread() {
    return standsStill;
  }

  @Override
  public StoppedGuest seal() {
    throw new AssertionError("nobody asked for that");
  }

  @Override
  public synchronized void resume() {
    mayStop = false;
    stopAllowed = false;
    hear("resume");
  }

  @Override
  public void close() {}
}
