package org.dcmigrate.peer.guest.qemu;

import org.dcmigrate.protocol.Geometry;

/**
 * Decides how far QEMU's stream may be read while the guest must not stop yet.
 *
 * <p>QEMU stops the guest by itself once it has too little left to send. It cannot get there while
 * it waits to write pages that nobody reads, so holding back is not reading; but what lies unread
 * in buffers counts as sent for QEMU. Zero pages take 9 bytes, so even the least buffers swallow
 * some 6,000 of them. QEMU goes through all blocks in order; therefore in the first pass, where
 * every page comes, the position tells how many pages are still to come, and reading ends while
 * more than the buffers swallow are.
 */
final class HoldPolicy {
  /** Pages of the first pass that stay unread: more than the least buffers swallow. */
  static final long HELD_PAGES = 8192;

  /** Pages that QEMU may be ahead of what was read with its usual buffers, at most. */
  static final long USUALLY_AHEAD = 48 << 10;

  /** Least length of a page in the stream. */
  private static final int LEAST_RECORD = 9;

  private final long[] firstIndexes;
  private final long totalPages;
  private final long heldPages;
  private long lastIndex = -1;
  private int passes;
  private boolean still;

  HoldPolicy(Geometry geometry) {
    firstIndexes = geometry.firstIndexes();
    totalPages = geometry.totalPages();
    // A small guest is held back where half of it is left: some of it should get across.
    heldPages = Math.min(HELD_PAGES, (totalPages + 1) / 2);
  }

  /** Whether even the least buffers may swallow all that is to be kept unread. */
  boolean isTooSmall() {
    return heldPages < HELD_PAGES;
  }

  /** Whether this page comes again, which begins another pass. */
  boolean wraps(int block, long page) {
    return firstIndexes[block] + page <= lastIndex;
  }

  /** Notes that this page has come. */
  void advance(int block, long page) {
    lastIndex = firstIndexes[block] + page;
  }

  /** Notes the end of a pass, and gives its number. */
  int endPass() {
    lastIndex = -1;
    passes++;
    return passes;
  }

  /** Number of passes that have ended. */
  int passes() {
    return passes;
  }

  /** Reads nothing from now on: QEMU has enough to send where it is. */
  void standStill() {
    still = true;
  }

  /** Whether enough is still to come to hold QEMU back by not reading it. */
  boolean canHold() {
    return still || (passes == 0 && toCome() >= heldPages);
  }

  /** How many bytes can be read now without reading what is held back; 0 to hold. */
  long readableBytes() {
    if (still || passes > 0) {
      return 0;
    }
    return Math.max(0, toCome() - heldPages) * LEAST_RECORD;
  }

  /** Whether QEMU's buffers must be small, lest it gets ahead of what is read to its end. */
  boolean needsSmallBuffers() {
    return still || passes > 0 || toCome() <= heldPages + USUALLY_AHEAD;
  }

  private long toCome() {
    return totalPages - 1 - lastIndex;
  }
}
