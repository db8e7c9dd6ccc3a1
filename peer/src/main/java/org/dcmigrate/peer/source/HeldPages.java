package org.dcmigrate.peer.source;

import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.pages.PageSet;

/**
 * An inventory, held against the source's own record: which pages are of the version emitted last,
 * and which came under a generation that the source never gave. Of an inventory of any length it
 * takes two bits for each page.
 */
final class HeldPages {
  private final SourcePages pages;
  private final PageSet current;
  private final PageSet madeUp;
  private boolean hasMadeUp;
  private int highestMadeUp;

  HeldPages(SourcePages pages) {
    this.pages = pages;
    this.current = new PageSet(pages.geometry());
    this.madeUp = new PageSet(pages.geometry());
  }

  /** Takes the next part of the inventory. */
  void add(GenerationExtent held) {
    Extent extent = held.extent();
    long runStart = -1;
    for (long i = 0; i <= extent.pageCount(); i++) {
      int comparison = i < extent.pageCount() ? compare(held, i) : 1;
      if (comparison == 0 && runStart < 0) {
        runStart = i;
      }
      if (comparison != 0 && runStart >= 0) {
        current.add(new Extent(extent.block(), extent.firstPage() + runStart, i - runStart));
        runStart = -1;
      }
      if (comparison > 0 && i < extent.pageCount()) {
        addMadeUp(held, extent.firstPage() + i);
      }
    }
  }

  private int compare(GenerationExtent held, long number) {
    Extent extent = held.extent();
    return Integer.compareUnsigned(
        held.generation(), pages.generation(extent.block(), extent.firstPage() + number));
  }

  private void addMadeUp(GenerationExtent held, long page) {
    madeUp.add(held.extent().block(), page, 1);
    if (!hasMadeUp || Integer.compareUnsigned(held.generation(), highestMadeUp) > 0) {
      highestMadeUp = held.generation();
    }
    hasMadeUp = true;
  }

  /** The pages held of the version emitted last. */
  PageSet current() {
    return current;
  }

  /** Whether some are held of a generation above the one that they were emitted under last. */
  boolean hasMadeUp() {
    return hasMadeUp;
  }

  /** Those pages. */
  PageSet madeUp() {
    return madeUp;
  }

  /** The highest of their generations. */
  int highestMadeUp() {
    return highestMadeUp;
  }
}
