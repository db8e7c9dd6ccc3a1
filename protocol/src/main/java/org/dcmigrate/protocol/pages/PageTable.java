package org.dcmigrate.protocol.pages;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;

/**
 * Generation and digest of every page of a guest, 12 bytes per page outside the heap, and the
 * digest of memory that follows from them.
 *
 * <pre>
 * generations   4 bytes per page, by index; 0: the page is not held
 * digests       8 bytes per page, by index; meaningless where the generation is 0
 * </pre>
 *
 * <p>Several threads may use it when no two of them set the same page at the same time; who reads a
 * page while another sets it may see the generation of one and the digest of the other.
 */
public final class PageTable implements AutoCloseable {
  /** Pages of one segment, the unit of digests when a mismatch is searched for. */
  public static final int SEGMENT_PAGES = 512;

  private static final ValueLayout.OfInt GENERATION = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong DIGEST = ValueLayout.JAVA_LONG;

  private final Geometry geometry;
  private final PageDigest.Algorithm algorithm;
  private final long[] firstIndexes;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment generations;
  private final MemorySegment digests;
  private final LongAdder memoryDigest = new LongAdder();
  private final LongAdder heldPages = new LongAdder();

  /** A table in which no page is held. */
  public PageTable(Geometry geometry, PageDigest.Algorithm algorithm) {
    this.geometry = geometry;
    this.algorithm = algorithm;
    firstIndexes = geometry.firstIndexes();
    long pages = geometry.totalPages();
    try {
      generations = arena.allocate(GENERATION, pages);
      digests = arena.allocate(DIGEST, pages);
    } catch (OutOfMemoryError tooLarge) {
      arena.close();
      throw tooLarge;
    }
  }

  /** The guest's memory layout. */
  public Geometry geometry() {
    return geometry;
  }

  /** How digests of pages are made. */
  public PageDigest.Algorithm algorithm() {
    return algorithm;
  }

  /** Number of a page through all blocks. The page must lie in the block. */
  public long index(int block, long page) {
    return firstIndexes[block] + page;
  }

  /** The generation of a page, unsigned; 0 when it is not held. */
  public int generation(long index) {
    return generations.getAtIndex(GENERATION, index);
  }

  /** The digest of a page that is held. */
  public long digest(long index) {
    return digests.getAtIndex(DIGEST, index);
  }

  /**
   * Notes what a page now holds.
   *
   * @param generation 0: the page is no longer held
   * @return by how much the digest of memory changed
   */
  public long set(long index, int generation, long digest) {
    int held = generation(index);
    long change =
        contribution(index, generation, digest) - contribution(index, held, digest(index));
    digests.setAtIndex(DIGEST, index, digest);
    generations.setAtIndex(GENERATION, index, generation);
    memoryDigest.add(change);
    heldPages.add(present(generation) - present(held));
    return change;
  }

  /** The digest of memory, over the pages held. Exact while nobody sets pages. */
  public long memoryDigest() {
    return memoryDigest.sum();
  }

  /** Number of pages held. */
  public long heldPages() {
    return heldPages.sum();
  }

  /** Number of segments of a block; the last one may be shorter than the others. */
  public long segments(int block) {
    return (geometry.blocks().get(block).pages() + SEGMENT_PAGES - 1) / SEGMENT_PAGES;
  }

  /** The digest of one segment; pages not held count 0. */
  public long segmentDigest(int block, long segment) {
    long first = segment * SEGMENT_PAGES;
    long last = Math.min(first + SEGMENT_PAGES, geometry.blocks().get(block).pages());
    long sum = 0;
    for (long index = index(block, first); index < index(block, last); index++) {
      sum += contribution(index, generation(index), digest(index));
    }
    return sum;
  }

  /** Tells the pages held, as ascending runs of one generation. */
  public void inventory(Consumer<GenerationExtent> each) {
    for (int block = 0; block < firstIndexes.length; block++) {
      long pages = geometry.blocks().get(block).pages();
      for (long page = 0; page < pages; ) {
        long run = run(block, page, pages - page);
        int generation = generation(index(block, page));
        if (generation != 0) {
          each.accept(new GenerationExtent(new Extent(block, page, run), generation));
        }
        page += run;
      }
    }
  }

  /** How many pages from this one on, at most {@code maxPages}, have its generation. */
  public long run(int block, long page, long maxPages) {
    long first = index(block, page);
    int generation = generation(first);
    long run = 1;
    while (run < maxPages && generation(first + run) == generation) {
      run++;
    }
    return run;
  }

  /** Frees the memory; nobody may use the table any more. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static long contribution(long index, int generation, long digest) {
    return generation == 0 ? 0 : PageDigest.mixed(index, digest);
  }

  private static int present(int generation) {
    return generation == 0 ? 0 : 1;
  }
}
