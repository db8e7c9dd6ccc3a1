package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.MemorySegment;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.protocol.Geometry;

/** Joins neighbouring pages to runs: pages with content up to 64, zero pages without such limit. */
final class PageRun {
  private static final int MOST_PAGES = 64;
  private static final long MOST_ZERO_PAGES = 1L << 18;

  // The transport takes arrays as they are.
  private final MemorySegment payload =
      MemorySegment.ofArray(new byte[MOST_PAGES * Geometry.PAGE_BYTES]);
  private int block;
  private long first;
  private long count;
  private boolean zero;

  boolean isEmpty() {
    return count == 0;
  }

  boolean isFull() {
    return count >= (zero ? MOST_ZERO_PAGES : MOST_PAGES);
  }

  /** Adds a page with content, where it continues the run. */
  boolean add(StreamRecord.Page page, MemorySegment from) {
    if (!accepts(page.block(), page.page(), false)) {
      return false;
    }
    long at = count * Geometry.PAGE_BYTES;
    MemorySegment.copy(from, page.offset(), payload, at, Geometry.PAGE_BYTES);
    count++;
    return true;
  }

  /** Adds a zero page, where it continues the run. */
  boolean add(StreamRecord.ZeroPage page) {
    if (!accepts(page.block(), page.page(), true)) {
      return false;
    }
    count++;
    return true;
  }

  private boolean accepts(int inBlock, long page, boolean isZero) {
    if (count == 0) {
      block = inBlock;
      first = page;
      zero = isZero;
      return true;
    }
    return !isFull() && zero == isZero && block == inBlock && page == first + count;
  }

  /** The run as an event; empty afterwards. The payload is overwritten by the next additions. */
  Event take() {
    long pages = count;
    count = 0;
    return zero
        ? new Event.ZeroPages(block, first, pages)
        : new Event.Pages(
            block, first, (int) pages, payload.asSlice(0, pages * Geometry.PAGE_BYTES));
  }

  void clear() {
    count = 0;
  }
}
