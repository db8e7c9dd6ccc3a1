package org.dcmigrate.protocol.split;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageSet;

/**
 * Which pages come from whom: what the source has to send again, what each contributor owes, and
 * what a contributor need not send any more. A page that the source emits is nobody else's; the
 * contributor that owed it is told to skip it. Not thread-safe.
 */
public final class PageShares {
  // Neighbouring pages stay together, as far as several contributors hold them.
  private static final long ASSIGNED_TOGETHER = 512;

  private final Geometry geometry;
  private final PageSet own;
  private final PageSet unclaimed;
  // Where the last search ended, so that the next one does not go through all pages again.
  private Extent ownCursor = new Extent(0, 0, 1);
  private final Map<PeerId, Share> shares = new LinkedHashMap<>();

  /** Nobody has to send anything. */
  public PageShares(Geometry geometry) {
    this.geometry = geometry;
    this.own = new PageSet(geometry);
    this.unclaimed = new PageSet(geometry);
  }

  /** What a contributor owes. */
  private static final class Share {
    private final PageSet owed;
    private List<Extent> skips = new ArrayList<>();

    private Share(PageSet owed) {
      this.owed = owed;
    }
  }

  /** Forgets everything, at a turn to another destination. */
  public void clear() {
    own.clear();
    unclaimed.clear();
    shares.clear();
  }

  // ---- The source's own share.

  /** Pages that the source has to send again. */
  public long ownPages() {
    return own.count();
  }

  /** Whether the source has to send a page again. */
  public boolean isOwn(int block, long page) {
    return own.contains(block, page);
  }

  /** Has the source send pages again. */
  public void addOwn(Extent extent) {
    own.add(extent);
  }

  /** The next pages to send again; they stay in the share until they are {@link #emitted}. */
  public Optional<Extent> nextOwn(long maxPages) {
    Optional<Extent> next = own.nextRun(ownCursor.block(), ownCursor.firstPage(), maxPages);
    if (next.isEmpty() && !own.isEmpty()) {
      next = own.nextRun(0, 0, maxPages);
    }
    next.ifPresent(extent -> ownCursor = extent);
    return next;
  }

  /** The source is sending these: nobody else needs to. */
  public void emitted(Extent extent) {
    own.remove(extent);
    unclaimed.remove(extent);
    shares
        .values()
        .forEach(
            share -> {
              if (share.owed.remove(extent) > 0) {
                addSkip(share.skips, extent);
              }
            });
  }

  /** Neighbouring extents become one: pages are mostly emitted in ascending order. */
  private static void addSkip(List<Extent> skips, Extent extent) {
    if (!skips.isEmpty()) {
      Extent last = skips.getLast();
      if (last.block() == extent.block()
          && last.firstPage() + last.pageCount() == extent.firstPage()) {
        skips.removeLast();
        skips.add(
            new Extent(last.block(), last.firstPage(), last.pageCount() + extent.pageCount()));
        return;
      }
    }
    skips.add(extent);
  }

  /**
   * The guest has written these since they were sent: what contributors have of them is of no use,
   * and they come from the guest by themselves.
   */
  public void written(Extent extent) {
    shares.values().forEach(share -> written(share, extent));
  }

  private void written(Share share, Extent extent) {
    long end = extent.firstPage() + extent.pageCount();
    for (long page = extent.firstPage(); page < end; ) {
      Optional<Extent> next = share.owed.nextRun(extent.block(), page, end - page);
      if (next.isEmpty() || next.get().block() != extent.block() || next.get().firstPage() >= end) {
        return;
      }
      Extent owed = next.get();
      long count = Math.min(owed.pageCount(), end - owed.firstPage());
      Extent part = new Extent(owed.block(), owed.firstPage(), count);
      share.owed.remove(part);
      addSkip(share.skips, part);
      unclaimed.add(part);
      page = part.firstPage() + count;
    }
  }

  /** Whether a page counts on the guest to come again, even with the contents that it had. */
  public boolean isUnclaimed(int block, long page) {
    return unclaimed.contains(block, page);
  }

  // ---- The contributors' shares.

  /**
   * Shares out what the destination lacks: to the contributors, as evenly as what they hold allows,
   * and to the source what none of them holds. Ends all former shares.
   *
   * @param lacking pages
   * @param available what each contributor holds in the newest version
   */
  public void assign(PageSet lacking, Map<PeerId, PageSet> available) {
    clear();
    available.keySet().forEach(peer -> shares.put(peer, new Share(new PageSet(geometry))));
    lacking.forEachExtent(extent -> assignInPieces(extent, available));
  }

  private void assignInPieces(Extent extent, Map<PeerId, PageSet> available) {
    long end = extent.firstPage() + extent.pageCount();
    for (long page = extent.firstPage(); page < end; ) {
      long pieceEnd = Math.min(end, (page / ASSIGNED_TOGETHER + 1) * ASSIGNED_TOGETHER);
      assign(new Extent(extent.block(), page, pieceEnd - page), available);
      page = pieceEnd;
    }
  }

  /** Each part of the piece goes to whoever owes least of those that hold it. */
  private void assign(Extent piece, Map<PeerId, PageSet> available) {
    long end = piece.firstPage() + piece.pageCount();
    for (long page = piece.firstPage(); page < end; ) {
      Optional<PeerId> to = Optional.empty();
      long run = end - page;
      for (Map.Entry<PeerId, PageSet> candidate : available.entrySet()) {
        boolean holds = candidate.getValue().contains(piece.block(), page);
        run = Math.min(run, uniform(candidate.getValue(), piece.block(), page, run, holds));
        if (holds && (to.isEmpty() || owedPages(candidate.getKey()) < owedPages(to.get()))) {
          to = Optional.of(candidate.getKey());
        }
      }
      Extent part = new Extent(piece.block(), page, run);
      if (to.isPresent()) {
        share(to.get()).ifPresent(share -> share.owed.add(part));
      } else {
        own.add(part);
      }
      page += run;
    }
  }

  /** How many pages from this one on are all in the set, or all not. */
  private static long uniform(PageSet set, int block, long page, long most, boolean inside) {
    long run = 1;
    while (run < most && set.contains(block, page + run) == inside) {
      run++;
    }
    return run;
  }

  /** Pages owed by all contributors together. */
  public long owedPages() {
    return shares.values().stream().mapToLong(share -> share.owed.count()).sum();
  }

  /** Pages owed by one contributor, relayed or not. */
  public long owedPages(PeerId peer) {
    return share(peer).map(share -> share.owed.count()).orElse(0L);
  }

  /** What a contributor owes. A copy. */
  public PageSet owed(PeerId peer) {
    PageSet copy = new PageSet(geometry);
    share(peer).ifPresent(share -> copy.addAll(share.owed));
    return copy;
  }

  /** Whether some contributor owes a page. */
  public boolean isOwed(int block, long page) {
    for (Share share : shares.values()) {
      if (share.owed.contains(block, page)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Makes pages of a contributor's share the source's, from the far end on, while the contributor
   * relays from the near end: the two meet. The contributor is to skip them at once.
   */
  public void takeOver(PeerId peer, long pages) {
    Optional<Share> share = share(peer);
    long left = pages;
    for (Optional<Extent> last = lastOwed(share, left);
        last.isPresent();
        last = lastOwed(share, left)) {
      own.add(last.get());
      share.orElseThrow().owed.remove(last.get());
      addSkip(share.orElseThrow().skips, last.get());
      left -= last.get().pageCount();
    }
  }

  private static Optional<Extent> lastOwed(Optional<Share> share, long maxPages) {
    return maxPages > 0 ? share.flatMap(from -> from.owed.lastRun(maxPages)) : Optional.empty();
  }

  /** Takes the list of pages that a contributor need not relay any more, or its first part. */
  public List<Extent> takeSkips(PeerId peer, int most) {
    Optional<Share> share = share(peer);
    if (share.isEmpty() || share.get().skips.isEmpty()) {
      return List.of();
    }
    List<Extent> waiting = share.get().skips;
    List<Extent> taken = List.copyOf(waiting.subList(0, Math.min(most, waiting.size())));
    share.get().skips = new ArrayList<>(waiting.subList(taken.size(), waiting.size()));
    return taken;
  }

  /** A contributor is done or gone: it owes nothing any more. */
  public void settle(PeerId peer) {
    shares.remove(peer);
  }

  private Optional<Share> share(PeerId peer) {
    return Optional.ofNullable(shares.get(peer));
  }
}
