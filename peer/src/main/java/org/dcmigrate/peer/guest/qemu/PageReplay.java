package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;

/** Gives all pages of a guest that stands still, once, from its memory. */
final class PageReplay {
  private static final int RUN_PAGES = 64;

  private final GuestMemory memory;
  private final Geometry geometry;
  private final MemorySegment payload =
      MemorySegment.ofArray(new byte[RUN_PAGES * Geometry.PAGE_BYTES]);
  private int block;
  private long page;

  PageReplay(GuestMemory memory, Geometry geometry) {
    this.memory = memory;
    this.geometry = geometry;
  }

  /** The next run, empty after the last one; its payload is valid until the next call. */
  Optional<Event> next() throws DcmException {
    if (block == geometry.blocks().size()) {
      return Optional.empty();
    }
    long pages = geometry.blocks().get(block).pages();
    int count = (int) Math.min(RUN_PAGES, pages - page);
    memory.read(block, page, count, payload);
    MemorySegment content = payload.asSlice(0, (long) count * Geometry.PAGE_BYTES);
    Event event =
        isZero(content)
            ? new Event.ZeroPages(block, page, count)
            : new Event.Pages(block, page, count, content);
    page += count;
    if (page == pages) {
      page = 0;
      block++;
    }
    return Optional.of(event);
  }

  static boolean isZero(MemorySegment content) {
    // All bytes equal their successor and the first is zero; the library compares words at a time.
    long size = content.byteSize();
    return content.get(ValueLayout.JAVA_BYTE, 0) == 0
        && content.asSlice(0, size - 1).mismatch(content.asSlice(1)) < 0;
  }
}
