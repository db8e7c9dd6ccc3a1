package org.dcmigrate.peer.source;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.pages.PageDigest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all memory of a stopped guest anew and compares it with what was sent, page by page: shows
 * a page that the guest wrote and that nobody noticed.
 */
final class MemoryAudit {
  private static final Logger LOG = LoggerFactory.getLogger(MemoryAudit.class);
  private static final int RUN_PAGES = 64;

  private MemoryAudit() {}

  /** Whether the stopped guest's memory is what the destination verified. */
  static boolean passes(StoppedGuest stopped, SourcePages pages, PageDigest.Algorithm digest) {
    PageDigest fresh = PageDigest.newInstance(digest);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate((long) RUN_PAGES * Geometry.PAGE_BYTES);
      for (int block = 0; block < pages.geometry().blocks().size(); block++) {
        long count = pages.geometry().blocks().get(block).pages();
        for (long first = 0; first < count; first += RUN_PAGES) {
          int run = (int) Math.min(RUN_PAGES, count - first);
          stopped.read(block, first, run, buffer);
          for (int i = 0; i < run; i++) {
            MemorySegment page =
                buffer.asSlice((long) i * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES);
            if (!pages.sameAsEmitted(fresh, block, first + i, page)) {
              LOG.error("audit: page {} of block {} differs", first + i, block);
              return false;
            }
          }
        }
      }
      return true;
    } catch (DcmException failed) {
      LOG.error("audit: {}", failed.sentence());
      return false;
    }
  }
}
