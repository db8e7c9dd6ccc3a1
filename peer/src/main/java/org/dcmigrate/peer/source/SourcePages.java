package org.dcmigrate.peer.source;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.GenerationCounter;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.pages.PageTable;
import org.dcmigrate.protocol.pages.RunChecksum;
import org.dcmigrate.protocol.split.Backlog;
import org.dcmigrate.protocol.split.PageShares;
import org.dcmigrate.protocol.split.SplitPolicy;
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

  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofArray(new byte[Geometry.PAGE_BYTES]).asReadOnly();

  private final Geometry geometry;
  private final PageTable table;
  private final PageDigest digest;
  private final long zeroPage;
  private final GenerationCounter generations = new GenerationCounter();
  private final PageShares shares;
  private final SplitPolicy policy = new SplitPolicy();
  private long heldPages;
  private long writtenPages;
  // Digests of the run that is being looked at.
  private final long[] digests = new long[MOST_RUN_PAGES];

  SourcePages(Geometry geometry, PageDigest.Algorithm algorithm) {
    this.geometry = geometry;
    this.table = new PageTable(geometry, algorithm);
    this.digest = PageDigest.newInstance(algorithm);
    this.zeroPage = algorithm.zeroPage();
    this.shares = new PageShares(geometry);
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
    return shares.ownPages();
  }

  synchronized long owedPages() {
    return shares.owedPages();
  }

  // ---- Emission.

  /** Pages as the guest gave them; what of it is new, as chunks over the same memory. */
  synchronized List<TransferMessage.Chunk> emitted(
      int block, long firstPage, int pageCount, MemorySegment payload, boolean again)
      throws DcmException {
    List<TransferMessage.Chunk> chunks = new ArrayList<>(1);
    digest.of(payload, pageCount, digests);
    int runStart = -1;
    boolean runZero = false;
    for (int i = 0; i <= pageCount; i++) {
      boolean fresh = false;
      boolean zero = false;
      if (i < pageCount) {
        long offset = (long) i * Geometry.PAGE_BYTES;
        long index = table.index(block, firstPage + i);
        fresh = again || isNew(block, firstPage + i, index, digests[i]);
        zero = digests[i] == zeroPage && isZero(payload, offset);
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
    shares.emitted(new Extent(block, first, count));
    if (zero) {
      return TransferMessage.Chunk.zero(block, first, count, generation);
    }
    MemorySegment contents =
        payload.asSlice((long) from * Geometry.PAGE_BYTES, (long) count * Geometry.PAGE_BYTES);
    OptionalInt crc32c = RunChecksum.of(digest.algorithm(), digests, from, to);
    return crc32c.isPresent()
        ? TransferMessage.Chunk.of(block, first, generation, contents, crc32c.getAsInt())
        : TransferMessage.Chunk.of(block, first, generation, contents);
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
        fresh = isNew(block, page, index, zeroPage);
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
        shares.emitted(new Extent(block, runStart, count));
        chunks.add(TransferMessage.Chunk.zero(block, runStart, count, generation));
        runStart = -1;
      }
    }
    return chunks;
  }

  private boolean isNew(int block, long page, long index, long contents) {
    return table.generation(index) == 0
        || table.digest(index) != contents
        || shares.isUnclaimed(block, page);
  }

  // ---- Who sends what.

  /** The next pages that the source has to send again, read anew from the guest. */
  synchronized Optional<Extent> nextResend() {
    return shares.nextOwn(RESEND_PAGES);
  }

  /** The generation that a page was emitted under last; 0: never. */
  int generation(int block, long page) {
    return table.generation(table.index(block, page));
  }

  /**
   * Sends pages again that the destination holds under generations which somebody has made up: it
   * keeps them until it gets a higher one.
   *
   * @throws DcmException GENERATION_CONFLICT where there is no room for higher ones
   */
  synchronized void outbid(HeldPages held) throws DcmException {
    if (!held.hasMadeUp()) {
      return;
    }
    if (!generations.exceed(held.highestMadeUp())) {
      throw new DcmException(
          Reason.GENERATION_CONFLICT,
          "the destination was given pages under generation %s, which the source never gave, and too few are"
                  .formatted(Integer.toUnsignedString(held.highestMadeUp()))
              + " left above it; redirect to a peer that holds no pages of this migration");
    }
    held.madeUp()
        .forEachExtent(
            extent -> {
              for (long i = 0; i < extent.pageCount(); i++) {
                // What was never emitted will be, by itself and higher.
                if (generation(extent.block(), extent.firstPage() + i) != 0) {
                  shares.addOwn(new Extent(extent.block(), extent.firstPage() + i, 1));
                }
              }
            });
  }

  /**
   * Decides, after a turn to another destination, for every page emitted so far: held there
   * already, owed by a contributor that has it, or to be sent again.
   */
  synchronized void plan(PageSet held, Map<PeerId, PageSet> available) {
    PageSet lacking = new PageSet(geometry);
    for (int block = 0; block < geometry.blocks().size(); block++) {
      long pages = geometry.blocks().get(block).pages();
      for (long page = 0; page < pages; page++) {
        if (table.generation(table.index(block, page)) != 0 && !held.contains(block, page)) {
          lacking.add(block, page, 1);
        }
      }
    }
    policy.turned();
    shares.assign(lacking, available);
    heldPages = held.count();
  }

  /** The part of all pages that need not be sent again, right after the {@link #plan}. */
  synchronized double sharedFraction() {
    return (double) (heldPages + shares.owedPages()) / geometry.totalPages();
  }

  /** What a contributor is asked to relay. A copy. */
  synchronized PageSet owedCopy(PeerId peer) {
    return shares.owed(peer);
  }

  /** Pages that the guest has written since it gave them, as far as it tells before they come. */
  synchronized void written(Collection<Extent> extents, long nowNs) {
    writtenPages = extents.stream().mapToLong(Extent::pageCount).sum();
    extents.forEach(shares::written);
    policy.written(writtenPages, nowNs);
  }

  /** Contents that have reached the destination from the source, see {@link SplitPolicy}. */
  synchronized void acknowledged(long bytes, long tookNs, boolean busy) {
    policy.sourceSent(bytes, tookNs, busy);
  }

  /** How far a contributor is, as it says after the skips sent so far. */
  synchronized void relays(PeerId peer, long waitingPages, long bytes, long nowNs) {
    policy.contributor(peer, waitingPages, bytes, nowNs);
  }

  /**
   * How fast a contributor is to relay at the most, in bytes of contents per second; 0: as it can.
   */
  synchronized long pace(PeerId peer) {
    return policy.pace(peer, backlog());
  }

  /** How long a contributor still needs to be done, where that is known. */
  synchronized OptionalLong doneNs(PeerId peer) {
    return policy.doneNs(peer);
  }

  /** What the source does while it has nothing of its own to send. */
  synchronized SplitPolicy.Step next(long nowNs) {
    SplitPolicy.Step step = policy.next(backlog(), nowNs);
    if (step instanceof SplitPolicy.Step.TakeOver over) {
      shares.takeOver(over.from(), over.pages());
    }
    return step;
  }

  private Backlog backlog() {
    return new Backlog(shares.ownPages() + geometry.totalPages() - table.heldPages(), writtenPages);
  }

  /** A contributor is done or gone: it owes nothing any more. */
  synchronized void settle(PeerId peer) {
    policy.gone(peer);
    shares.settle(peer);
  }

  /** Puts pages that were emitted and could not be sent on the list to send again. */
  synchronized void notSent(Extent extent) {
    shares.addOwn(extent);
  }

  /** Puts every page that the destination lacks and nobody owes on the list to send again. */
  synchronized void resendMissing(PageSet held) {
    for (int block = 0; block < geometry.blocks().size(); block++) {
      for (long page = 0; page < geometry.blocks().get(block).pages(); page++) {
        if (table.generation(table.index(block, page)) != 0
            && !held.contains(block, page)
            && !shares.isOwed(block, page)) {
          shares.addOwn(new Extent(block, page, 1));
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
    shares.addOwn(new Extent(block, first, Math.min(PageTable.SEGMENT_PAGES, pages - first)));
  }

  /** Takes the pages that a contributor need not relay any more. */
  synchronized List<Extent> takeSkips(PeerId peer, int most) {
    return shares.takeSkips(peer, most);
  }

  /** Whether a page has the contents that were emitted last. */
  boolean sameAsEmitted(PageDigest fresh, int block, long page, MemorySegment contents) {
    return table.digest(table.index(block, page)) == fresh.of(contents);
  }

  private static boolean isZero(MemorySegment payload, long offset) {
    return MemorySegment.mismatch(
            payload, offset, offset + Geometry.PAGE_BYTES, ZERO_PAGE, 0, Geometry.PAGE_BYTES)
        < 0;
  }

  @Override
  public void close() {
    table.close();
  }
}
