package org.dcmigrate.peer.source;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.GenerationCounter;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.pages.PageTable;
import org.dcmigrate.protocol.wire.TransferMessage;

/**
 * The source's knowledge of every page: which version was emitted last, who owes it to the
 * destination, and what the source has to send again. The thread that reads the guest changes it;
 * others look and take skip lists.
 *
 * <p>Each emission of a page has a higher generation than the one before, so that the destination's
 * rule, the higher one wins, gives the last emission whoever relays it. A page that the guest emits
 * again with the contents of its last emission is not emitted: somebody holds or owes it.
 */
final class SourcePages implements AutoCloseable {
  private static final int RESEND_PAGES = 64;
  private static final int MOST_RUN_PAGES = 256;
  // 8 MiB: more than a contributor of 10 Gbit/s sends in some round trips.
  private static final long LEAST_LEFT_PAGES = 2048;

  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofArray(new byte[Geometry.PAGE_BYTES]).asReadOnly();

  private final Geometry geometry;
  private final PageTable table;
  private final PageDigest digest;
  private final long zeroPage;
  private final GenerationCounter generations = new GenerationCounter();
  private final PageSet resend;
  // Where the last search ended, so that the next one does not go through all pages again.
  private Extent resendCursor = new Extent(0, 0, 1);
  private final Map<PeerId, PageSet> owed = new HashMap<>();
  // Of what each owes: how much it has not relayed yet, less what was taken over since it said so.
  private final Map<PeerId, Long> waiting = new HashMap<>();
  private final Map<PeerId, List<Extent>> skips = new HashMap<>();
  // Digests of the run that is being looked at.
  private final long[] digests = new long[MOST_RUN_PAGES];

  SourcePages(Geometry geometry, PageDigest.Algorithm algorithm) {
    this.geometry = geometry;
    this.table = new PageTable(geometry, algorithm);
    this.digest = PageDigest.newInstance(algorithm);
    this.zeroPage = algorithm.zeroPage();
    this.resend = new PageSet(geometry);
  }

  Geometry geometry() {
    return geometry;
  }

  long memoryDigest() {
    return table.memoryDigest();
  }

  long emittedPages() {
    return table.heldPages();
  }

  synchronized long resendPages() {
    return resend.count();
  }

  synchronized long owedPages() {
    return owed.values().stream().mapToLong(PageSet::count).sum();
  }

  // ---- Emission.

  /** Pages as the guest gave them; what of it is new, as chunks over the same memory. */
  synchronized List<TransferMessage.Chunk> emitted(
      int block, long firstPage, int pageCount, MemorySegment payload, boolean again)
      throws DcmException {
    List<TransferMessage.Chunk> chunks = new ArrayList<>(1);
    int runStart = -1;
    boolean runZero = false;
    for (int i = 0; i <= pageCount; i++) {
      boolean fresh = false;
      boolean zero = false;
      if (i < pageCount) {
        MemorySegment page = page(payload, i);
        digests[i] = digest.of(page);
        long index = table.index(block, firstPage + i);
        fresh = again || table.generation(index) == 0 || table.digest(index) != digests[i];
        zero = digests[i] == zeroPage && isZero(page);
      }
      if (runStart >= 0 && (!fresh || zero != runZero)) {
        chunks.add(chunk(block, firstPage, runStart, i, runZero, payload));
        runStart = -1;
      }
      if (fresh && runStart < 0) {
        runStart = i;
        runZero = zero;
      }
    }
    return chunks;
  }

  private TransferMessage.Chunk chunk(
      int block, long firstPage, int from, int to, boolean zero, MemorySegment payload)
      throws DcmException {
    int count = to - from;
    long first = firstPage + from;
    int generation = generations.next(table, block, first, count);
    for (int i = from; i < to; i++) {
      table.set(table.index(block, firstPage + i), generation, digests[i]);
    }
    emitted(new Extent(block, first, count));
    return zero
        ? TransferMessage.Chunk.zero(block, first, count, generation)
        : TransferMessage.Chunk.of(
            block,
            first,
            generation,
            payload.asSlice((long) from * Geometry.PAGE_BYTES, (long) count * Geometry.PAGE_BYTES));
  }

  /** Zero pages as the guest gave them; what of it is new. */
  synchronized List<TransferMessage.Chunk> emittedZero(int block, long firstPage, long pageCount)
      throws DcmException {
    List<TransferMessage.Chunk> chunks = new ArrayList<>(1);
    long runStart = -1;
    for (long page = firstPage; page <= firstPage + pageCount; page++) {
      boolean fresh = false;
      if (page < firstPage + pageCount) {
        long index = table.index(block, page);
        fresh = table.generation(index) == 0 || table.digest(index) != zeroPage;
      }
      if (fresh && runStart < 0) {
        runStart = page;
      }
      if (!fresh && runStart >= 0) {
        long count = page - runStart;
        int generation = generations.next(table, block, runStart, count);
        for (long each = runStart; each < page; each++) {
          table.set(table.index(block, each), generation, zeroPage);
        }
        emitted(new Extent(block, runStart, count));
        chunks.add(TransferMessage.Chunk.zero(block, runStart, count, generation));
        runStart = -1;
      }
    }
    return chunks;
  }

  private void emitted(Extent extent) {
    resend.remove(extent);
    owed.forEach(
        (peer, pages) -> {
          long before = pages.count();
          pages.remove(extent);
          if (pages.count() != before) {
            skips.computeIfAbsent(peer, any -> new ArrayList<>()).add(extent);
          }
        });
  }

  // ---- Who sends what.

  /** The next pages that the source has to send again, read anew from the guest. */
  synchronized Optional<Extent> nextResend() {
    Optional<Extent> next =
        resend.nextRun(resendCursor.block(), resendCursor.firstPage(), RESEND_PAGES);
    if (next.isEmpty() && !resend.isEmpty()) {
      next = resend.nextRun(0, 0, RESEND_PAGES);
    }
    next.ifPresent(extent -> resendCursor = extent);
    return next;
  }

  /** Marks the pages of this inventory that are of the version emitted last. */
  void markCurrent(GenerationExtent held, PageSet into) {
    Extent extent = held.extent();
    long index = table.index(extent.block(), extent.firstPage());
    long runStart = -1;
    for (long i = 0; i <= extent.pageCount(); i++) {
      boolean current = i < extent.pageCount() && table.generation(index + i) == held.generation();
      if (current && runStart < 0) {
        runStart = i;
      }
      if (!current && runStart >= 0) {
        into.add(new Extent(extent.block(), extent.firstPage() + runStart, i - runStart));
        runStart = -1;
      }
    }
  }

  /**
   * Decides, after a turn to another destination, for every page emitted so far: held there
   * already, owed by a contributor that has it, or to be sent again. Gives the part of all pages
   * that need not be sent again.
   */
  synchronized double plan(PageSet held, Map<PeerId, PageSet> available) {
    owed.clear();
    waiting.clear();
    skips.clear();
    resend.clear();
    available.keySet().forEach(peer -> owed.put(peer, new PageSet(geometry)));
    for (int block = 0; block < geometry.blocks().size(); block++) {
      for (long page = 0; page < geometry.blocks().get(block).pages(); page++) {
        if (table.generation(table.index(block, page)) != 0 && !held.contains(block, page)) {
          assign(block, page, available);
        }
      }
    }
    long elsewhere = held.count() + owedPages();
    return (double) elsewhere / geometry.totalPages();
  }

  private void assign(int block, long page, Map<PeerId, PageSet> available) {
    Extent extent = new Extent(block, page, 1);
    Optional<PeerId> least = Optional.empty();
    for (Map.Entry<PeerId, PageSet> candidate : available.entrySet()) {
      if (candidate.getValue().contains(block, page)
          && (least.isEmpty() || owedBy(candidate.getKey()) < owedBy(least.get()))) {
        least = Optional.of(candidate.getKey());
      }
    }
    if (least.isPresent()) {
      owedSet(least.get()).add(extent);
    } else {
      resend.add(extent);
    }
  }

  /** What a contributor is asked to relay. A copy. */
  synchronized PageSet owedCopy(PeerId peer) {
    PageSet copy = new PageSet(geometry);
    copy.addAll(owedSet(peer));
    return copy;
  }

  /** How much a contributor has still to relay, as it says after the skips sent so far. */
  synchronized void waiting(PeerId peer, long pages) {
    if (owed.containsKey(peer)) {
      waiting.put(peer, pages);
    }
  }

  /**
   * Takes pages over from the contributor that has most to relay, from the far end of what it owes,
   * while it relays from the near end: the two meet. Gives false when there is too little left to
   * be worth it, as what is under way would come twice.
   */
  synchronized boolean takeOver() {
    Optional<PeerId> slowest =
        waiting.entrySet().stream()
            .filter(entry -> entry.getValue() > LEAST_LEFT_PAGES)
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey);
    if (slowest.isEmpty()) {
      return false;
    }
    Optional<Extent> last = owedSet(slowest.get()).lastRun(RESEND_PAGES);
    last.ifPresent(
        extent -> {
          resend.add(extent);
          waiting.merge(slowest.get(), -extent.pageCount(), Long::sum);
        });
    return last.isPresent();
  }

  /** A contributor is done or gone: it owes nothing any more. */
  synchronized void settle(PeerId peer) {
    waiting.remove(peer);
    owed.remove(peer);
    skips.remove(peer);
  }

  /** Puts every page that the destination lacks and nobody owes on the list to send again. */
  synchronized void resendMissing(PageSet held) {
    for (int block = 0; block < geometry.blocks().size(); block++) {
      for (long page = 0; page < geometry.blocks().get(block).pages(); page++) {
        if (table.generation(table.index(block, page)) != 0
            && !held.contains(block, page)
            && !isOwed(block, page)) {
          resend.add(new Extent(block, page, 1));
        }
      }
    }
  }

  /** Puts a segment of 512 pages on the list to send again if its digest is another one. */
  synchronized void resendSegmentUnless(int block, long segment, long expected) {
    if (block < 0 || block >= geometry.blocks().size()) {
      return;
    }
    long pages = geometry.blocks().get(block).pages();
    long first = segment * PageTable.SEGMENT_PAGES;
    if (segment < 0 || first >= pages || table.segmentDigest(block, segment) == expected) {
      return;
    }
    resend.add(new Extent(block, first, Math.min(PageTable.SEGMENT_PAGES, pages - first)));
  }

  /** Takes the pages that a contributor need not relay any more. */
  synchronized List<Extent> takeSkips(PeerId peer, int most) {
    List<Extent> waiting = skips.getOrDefault(peer, List.of());
    List<Extent> taken = List.copyOf(waiting.subList(0, Math.min(most, waiting.size())));
    if (!taken.isEmpty()) {
      waiting.subList(0, taken.size()).clear();
    }
    return taken;
  }

  /** Whether a page has the contents that were emitted last. */
  boolean sameAsEmitted(PageDigest fresh, int block, long page, MemorySegment contents) {
    return table.digest(table.index(block, page)) == fresh.of(contents);
  }

  private boolean isOwed(int block, long page) {
    return owed.values().stream().anyMatch(pages -> pages.contains(block, page));
  }

  private long owedBy(PeerId peer) {
    return owedSet(peer).count();
  }

  private PageSet owedSet(PeerId peer) {
    return owed.computeIfAbsent(peer, any -> new PageSet(geometry));
  }

  private static MemorySegment page(MemorySegment payload, int number) {
    return payload.asSlice((long) number * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES);
  }

  private static boolean isZero(MemorySegment page) {
    return page.mismatch(ZERO_PAGE) < 0;
  }

  @Override
  public void close() {
    table.close();
  }
}
