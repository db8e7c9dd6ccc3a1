package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;

/** Moves pages from a source into a home, as peers would over a network. */
final class Pump {
  private static final Duration SLICE = Duration.ofMillis(20);
  private static final long DEADLINE_NS = 60_000_000_000L;

  private final GuestSource source;
  private final GuestHome home;
  private Optional<Event.Stopped> stopped = Optional.empty();
  private long pages;
  private int idles;
  private int passes;

  Pump(GuestSource source, GuestHome home) {
    this.source = source;
    this.home = home;
  }

  /** Pumps while the condition does not hold; fails where the guest stops, or after a minute. */
  void until(BooleanSupplier condition) throws DcmException {
    long deadline = System.nanoTime() + DEADLINE_NS;
    stopped = Optional.empty();
    while (!condition.getAsBoolean()) {
      step();
      if (stopped.isPresent()) {
        throw new AssertionError("the guest stopped");
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("nothing of that kind came");
      }
    }
  }

  /** Pumps until the guest has stopped. */
  Event.Stopped untilStopped() throws DcmException {
    long deadline = System.nanoTime() + DEADLINE_NS;
    stopped = Optional.empty();
    while (stopped.isEmpty()) {
      step();
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the guest did not stop");
      }
    }
    return stopped.get();
  }

  private void step() throws DcmException {
    switch (source.next(SLICE)) {
      case Event.Pages run -> {
        pages += run.pageCount();
        MemorySegment.copy(
            run.payload(),
            0,
            home.memory(run.block()),
            run.firstPage() * Geometry.PAGE_BYTES,
            (long) run.pageCount() * Geometry.PAGE_BYTES);
      }
      case Event.ZeroPages run -> {
        pages += run.pageCount();
        home.memory(run.block())
            .asSlice(run.firstPage() * Geometry.PAGE_BYTES, run.pageCount() * Geometry.PAGE_BYTES)
            .fill((byte) 0);
      }
      case Event.PassEnded pass -> {
        passes++;
        if (pass.pass() != passes) {
          throw new AssertionError("pass " + pass.pass() + " after " + (passes - 1));
        }
      }
      case Event.Idle idle -> idles++;
      case Event.Stopped end -> stopped = Optional.of(end);
    }
  }

  long pages() {
    return pages;
  }

  int idles() {
    return idles;
  }

  int passes() {
    return passes;
  }

  /** The number of pages in the home that differ from the guest's, which stands still. */
  static long differences(StoppedGuest guest, GuestHome home) throws DcmException {
    long differences = 0;
    Geometry geometry = home.geometry();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(Geometry.PAGE_BYTES);
      for (int block = 0; block < geometry.blocks().size(); block++) {
        for (long at = 0; at < geometry.blocks().get(block).pages(); at++) {
          guest.read(block, at, 1, page);
          MemorySegment held =
              home.memory(block).asSlice(at * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES);
          if (page.mismatch(held) >= 0) {
            differences++;
          }
        }
      }
    }
    return differences;
  }
}
