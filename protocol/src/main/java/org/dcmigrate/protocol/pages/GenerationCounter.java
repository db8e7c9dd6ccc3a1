package org.dcmigrate.protocol.pages;

import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/**
 * Assigns generations at the source: each emission of a page gets a strictly higher generation than
 * the page's last one, and neighbouring pages share one as long as that holds, so that inventories
 * stay short. Belongs to one thread at a time.
 */
public final class GenerationCounter {
  /** Nobody has this moved further on, so that enough is left for a migration of any length. */
  private static final long MOST_RAISED = 0x7fff_ffffL;

  private int current = 1;

  /** The highest generation assigned so far, or 1. */
  public int current() {
    return current;
  }

  /**
   * Has all generations from now on exceed one that this source never assigned, but another peer
   * made up.
   *
   * @return false where that would use up too many
   */
  public boolean exceed(int madeUp) {
    long wanted = Integer.toUnsignedLong(madeUp) + 1;
    if (wanted <= Integer.toUnsignedLong(current)) {
      return true;
    }
    if (wanted > MOST_RAISED) {
      return false;
    }
    current = (int) wanted;
    return true;
  }

  /**
   * The generation for a run of pages that is about to be emitted.
   *
   * @param table the source's own table, which the caller updates with what this returns
   * @throws DcmException LIMIT_EXCEEDED when all 2^32-1 generations are used up
   */
  public int next(PageTable table, int block, long firstPage, long pageCount) throws DcmException {
    long highest = 0;
    long first = table.index(block, firstPage);
    for (long index = first; index < first + pageCount; index++) {
      highest = Math.max(highest, Integer.toUnsignedLong(table.generation(index)));
    }
    if (highest >= Integer.toUnsignedLong(current)) {
      if (highest == 0xffff_ffffL) {
        throw new DcmException(
            Reason.LIMIT_EXCEEDED,
            "this migration has used up its 4294967295 page generations; start a new one");
      }
      current = (int) (highest + 1);
    }
    return current;
  }
}
