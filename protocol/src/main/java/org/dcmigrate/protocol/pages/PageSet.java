package org.dcmigrate.protocol.pages;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;

/**
 * A set of a guest's pages: one bit per page. Belongs to one thread at a time. Taking pages off
 * either end again and again costs no repeated search through what was taken before.
 */
public final class PageSet {
  private final long[] pages;
  private final Bits[] blocks;
  private long count;

  /** An empty set. */
  public PageSet(Geometry geometry) {
    pages = geometry.blocks().stream().mapToLong(block -> block.pages()).toArray();
    blocks = Arrays.stream(pages).mapToObj(Bits::new).toArray(Bits[]::new);
  }

  /** Adds a run of pages; gives the number of those that were not in the set. */
  public long add(Extent extent) {
    return add(extent.block(), extent.firstPage(), extent.pageCount());
  }

  /** Adds a run of pages; gives the number of those that were not in the set. */
  public long add(int block, long firstPage, long pageCount) {
    check(block, firstPage, pageCount);
    long added = blocks[block].set(firstPage, firstPage + pageCount);
    count += added;
    return added;
  }

  /** Adds every page of another set of the same geometry. */
  public void addAll(PageSet other) {
    other.forEachExtent(this::add);
  }

  /** Adds every page there is. */
  public void fill() {
    for (int block = 0; block < pages.length; block++) {
      add(block, 0, pages[block]);
    }
  }

  /** Removes a run of pages; gives the number of those that were in the set. */
  public long remove(Extent extent) {
    return remove(extent.block(), extent.firstPage(), extent.pageCount());
  }

  /** Removes a run of pages; gives the number of those that were in the set. */
  public long remove(int block, long firstPage, long pageCount) {
    check(block, firstPage, pageCount);
    long removed = blocks[block].clear(firstPage, firstPage + pageCount);
    count -= removed;
    return removed;
  }

  /** Removes every page of another set of the same geometry. */
  public void removeAll(PageSet other) {
    other.forEachExtent(this::remove);
  }

  /** Removes all pages. */
  public void clear() {
    for (int block = 0; block < pages.length; block++) {
      remove(block, 0, pages[block]);
    }
  }

  /** Whether a page is in the set. */
  public boolean contains(int block, long page) {
    check(block, page, 1);
    return blocks[block].get(page);
  }

  /** Number of pages in the set. */
  public long count() {
    return count;
  }

  /** Number of pages of a run that are in the set. */
  public long count(Extent extent) {
    check(extent.block(), extent.firstPage(), extent.pageCount());
    return blocks[extent.block()].count(
        extent.firstPage(), extent.firstPage() + extent.pageCount());
  }

  /** Whether there is no page in the set. */
  public boolean isEmpty() {
    return count == 0;
  }

  /**
   * The first run at or after a page, in ascending order of block and page.
   *
   * @param page up to the number of pages of the block, which means the next block
   * @param maxPages at which a longer run is cut
   */
  public Optional<Extent> nextRun(int block, long page, long maxPages) {
    for (int b = block; b < blocks.length; b++) {
      long first = blocks[b].nextSet(b == block ? page : 0);
      if (first >= 0) {
        return Optional.of(new Extent(b, first, blocks[b].runUp(first, maxPages)));
      }
    }
    return Optional.empty();
  }

  /**
   * The last run at or before a page, in descending order of block and page: it ends with the last
   * page of the set that is not behind the one given, and is cut at its lower end.
   *
   * @param page from -1 on, which means the block before
   * @param maxPages at which a longer run is cut
   */
  public Optional<Extent> previousRun(int block, long page, long maxPages) {
    for (int b = block; b >= 0; b--) {
      long last = blocks[b].previousSet(b == block ? page : pages[b] - 1);
      if (last >= 0) {
        long run = blocks[b].runDown(last, maxPages);
        return Optional.of(new Extent(b, last - run + 1, run));
      }
    }
    return Optional.empty();
  }

  /** The run at the far end of the set, see {@link #previousRun(int, long, long)}. */
  public Optional<Extent> lastRun(long maxPages) {
    return previousRun(blocks.length - 1, pages[pages.length - 1] - 1, maxPages);
  }

  /** Tells all runs in ascending order. The set must not change meanwhile. */
  public void forEachExtent(Consumer<Extent> each) {
    for (int block = 0; block < blocks.length; block++) {
      long page = blocks[block].nextSet(0);
      while (page >= 0) {
        long run = blocks[block].runUp(page, Long.MAX_VALUE);
        each.accept(new Extent(block, page, run));
        page = blocks[block].nextSet(page + run);
      }
    }
  }

  private void check(int block, long firstPage, long pageCount) {
    if (block < 0
        || block >= pages.length
        || firstPage < 0
        || pageCount < 0
        || pageCount > pages[block] - firstPage) {
      throw new IndexOutOfBoundsException(
          "pages %d + %d of block %d are not in the geometry"
              .formatted(firstPage, pageCount, block));
    }
  }
}
