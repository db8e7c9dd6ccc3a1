package org.dcmigrate.conformance.play;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.v1.PageChunk;

/** What a destination has to hold after the chunks that it was sent, by the rules of the spec. */
public final class Memory {
  private static final int SEGMENT_PAGES = 512;

  private final Geometry geometry;
  private final PageDigest digests;
  private final SortedMap<Long, Held> pages = new TreeMap<>();

  private record Held(int generation, long digest) {}

  /** Memory of which nothing is held. */
  public Memory(Geometry geometry, PageDigest.Algorithm algorithm) {
    this.geometry = geometry;
    this.digests = PageDigest.newInstance(algorithm);
  }

  /** Takes a chunk up: of every page the highest generation stays. */
  public void apply(PageChunk chunk) {
    long first = geometry.firstIndexes()[chunk.getBlock()] + chunk.getFirstPage();
    byte[] payload = chunk.getPayload().toByteArray();
    byte[] page = new byte[Geometry.PAGE_BYTES];
    for (int i = 0; i < chunk.getPageCount(); i++) {
      Optional<Held> held = Optional.ofNullable(pages.get(first + i));
      int order =
          Integer.compareUnsigned(chunk.getGeneration(), held.map(Held::generation).orElse(0));
      if (order > 0) {
        if (payload.length > 0) {
          System.arraycopy(payload, i * Geometry.PAGE_BYTES, page, 0, Geometry.PAGE_BYTES);
        }
        pages.put(first + i, new Held(chunk.getGeneration(), digests.of(page)));
      }
    }
  }

  /** Takes a page up that somebody else held, as {@link #apply}. */
  void merge(long index, int generation, long digest) {
    Optional<Held> held = Optional.ofNullable(pages.get(index));
    if (Integer.compareUnsigned(generation, held.map(Held::generation).orElse(0)) > 0) {
      pages.put(index, new Held(generation, digest));
    }
  }

  /** The digest of a page; of one that is not held, 0. */
  long digestOf(long index) {
    return Optional.ofNullable(pages.get(index)).map(Held::digest).orElse(0L);
  }

  /** The generation of a page; of one that is not held, 0. */
  int generationOf(long index) {
    return Optional.ofNullable(pages.get(index)).map(Held::generation).orElse(0);
  }

  /** Its memory layout. */
  Geometry geometry() {
    return geometry;
  }

  /** Forgets everything. */
  public void clear() {
    pages.clear();
  }

  /** Number of pages held. */
  public long heldPages() {
    return pages.size();
  }

  /** Number of pages never sent. */
  public long missingPages() {
    return geometry.totalPages() - pages.size();
  }

  /** The generation of each page held, by the page's index. */
  public Map<Long, Integer> generations() {
    Map<Long, Integer> generations = new TreeMap<>();
    pages.forEach((index, held) -> generations.put(index, held.generation()));
    return generations;
  }

  /** The digest of memory. */
  public long digest() {
    return sum(0, geometry.totalPages());
  }

  /** The digests of all segments, for each block a list. */
  public List<List<Long>> segments() {
    List<List<Long>> all = new ArrayList<>();
    for (int block = 0; block < geometry.blocks().size(); block++) {
      long start = geometry.firstIndexes()[block];
      long count = geometry.blocks().get(block).pages();
      List<Long> sums = new ArrayList<>();
      for (long first = 0; first < count; first += SEGMENT_PAGES) {
        sums.add(sum(start + first, start + Math.min(count, first + SEGMENT_PAGES)));
      }
      all.add(sums);
    }
    return all;
  }

  private long sum(long from, long to) {
    return pages.subMap(from, to).entrySet().stream()
        .mapToLong(page -> PageDigest.mixed(page.getKey(), page.getValue().digest()))
        .sum();
  }
}
