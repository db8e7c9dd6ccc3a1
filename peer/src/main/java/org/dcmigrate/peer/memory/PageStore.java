package org.dcmigrate.peer.memory;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.pages.PageTable;
import org.dcmigrate.protocol.pages.RunChecksum;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;

/**
 * The pages that a peer holds of a guest: contents in the guest's home, straight where the guest
 * will find them, and the version of each beside. Of every page the highest generation stays,
 * whoever brings it and in whatever order.
 *
 * <p>Any number of threads may {@link #apply} at the same time. The other methods are exact while
 * nobody does.
 */
public final class PageStore implements AutoCloseable {
  private static final int STRIPES = 16;
  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofArray(new byte[Geometry.PAGE_BYTES]);

  private final GuestHome home;
  private final PageTable table;
  private final PageDigest.Algorithm algorithm;
  private final long zeroDigest;
  private final IncomingRun incoming;
  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];
  // Of those who apply chunks at the moment or did so before.
  private final Queue<ChunkDigests> idle = new ConcurrentLinkedQueue<>();

  /**
   * A store that holds nothing yet.
   *
   * @param home whose memory is all zero
   * @throws DcmException LIMIT_EXCEEDED when there is no memory for the bookkeeping
   */
  public PageStore(GuestHome home, PageDigest.Algorithm algorithm) throws DcmException {
    this.home = home;
    try {
      table = new PageTable(home.geometry(), algorithm);
    } catch (OutOfMemoryError tooLarge) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "this peer has no %d bytes for the bookkeeping of %d pages; free memory on this host"
              .formatted(12 * home.geometry().totalPages(), home.geometry().totalPages()),
          tooLarge);
    }
    this.algorithm = algorithm;
    zeroDigest = algorithm.zeroPage();
    incoming = new IncomingRun(home, table);
    Arrays.setAll(stripes, i -> new ReentrantLock());
  }

  /** What became of the pages of a chunk. */
  public record Applied(long acceptedPages, long duplicatePages) {}

  /** The home. */
  public GuestHome home() {
    return home;
  }

  /**
   * Takes up the pages of a chunk that are newer than what is held. Nothing is written before the
   * checksum of the whole chunk is right.
   *
   * @throws DcmException PAGE_OUT_OF_RANGE, GENERATION_INVALID or CHECKSUM_MISMATCH, then nothing
   *     was written; GENERATION_CONFLICT, then the pages before the one in conflict were;
   *     LIMIT_EXCEEDED when there is no room for the contents
   */
  public Applied apply(Chunk chunk) throws DcmException {
    home.geometry().check(chunk.extent());
    if (chunk.generation() == 0) {
      throw new DcmException(
          Reason.GENERATION_INVALID, "a chunk's generation must be >= 1, but was 0");
    }
    ChunkDigests digests =
        Optional.ofNullable(idle.poll()).orElseGet(() -> new ChunkDigests(algorithm));
    try {
      if (!chunk.isZero()) {
        digests.take(chunk);
      }
      long accepted = applyPages(chunk, digests);
      return new Applied(accepted, chunk.pageCount() - accepted);
    } catch (InternalError unbacked) {
      throw noRoom(unbacked);
    } finally {
      idle.add(digests);
    }
  }

  private long applyPages(Chunk chunk, ChunkDigests digests) throws DcmException {
    long end = chunk.firstPage() + chunk.pageCount();
    long accepted = 0;
    for (long page = chunk.firstPage(); page < end; ) {
      long segment = page / PageTable.SEGMENT_PAGES;
      long segmentEnd = Math.min(end, (segment + 1) * PageTable.SEGMENT_PAGES);
      accepted += applySegment(chunk, page, segmentEnd, digests);
      page = segmentEnd;
    }
    return accepted;
  }

  /**
   * The pages held of a run, ready to be sent on: one chunk for each part of one generation, with
   * the payload where the page is in memory. Pages not held are left out.
   *
   * @param extent which lies in the geometry; it bounds how many chunks there are
   * @throws DcmException LIMIT_EXCEEDED when there is no room to look at a zero page
   */
  public List<Chunk> chunks(Extent extent) throws DcmException {
    try {
      return chunksOf(extent);
    } catch (InternalError unbacked) {
      throw noRoom(unbacked);
    }
  }

  /** A hole in a tmpfs takes up memory when it is read through the mapping, and may find none. */
  private DcmException noRoom(InternalError unbacked) {
    return new DcmException(
        Reason.LIMIT_EXCEEDED,
        "there is no room for the guest's memory in %s any more; make room or redirect"
            .formatted(home.directory()),
        unbacked);
  }

  private List<Chunk> chunksOf(Extent extent) {
    List<Chunk> chunks = new ArrayList<>();
    long end = extent.firstPage() + extent.pageCount();
    for (long page = extent.firstPage(); page < end; ) {
      long run = table.run(extent.block(), page, end - page);
      if (table.generation(table.index(extent.block(), page)) != 0) {
        split(extent.block(), page, page + run, chunks);
      }
      page += run;
    }
    return chunks;
  }

  /** Those pages of a set that are held. */
  public PageSet heldOf(PageSet named) {
    PageSet held = new PageSet(home.geometry());
    named.forEachExtent(extent -> addHeld(extent, held));
    return held;
  }

  /** Tells the pages held, as ascending runs of one generation. */
  public void inventory(Consumer<GenerationExtent> each) {
    table.inventory(each);
  }

  /** Number of segments of a block. */
  public long segments(int block) {
    return table.segments(block);
  }

  /** The digest of one segment of 512 pages; pages not held count 0. */
  public long segmentDigest(int block, long segment) {
    return table.segmentDigest(block, segment);
  }

  /** The digest of memory, over the pages held. */
  public long memoryDigest() {
    return table.memoryDigest();
  }

  /** Number of pages held. */
  public long heldPages() {
    return table.heldPages();
  }

  /** Number of pages never received. */
  public long missingPages() {
    return home.geometry().totalPages() - table.heldPages();
  }

  /** Frees the bookkeeping. The home stays, and remains its owner's to close. */
  @Override
  public void close() {
    table.close();
  }

  private void addHeld(Extent extent, PageSet into) {
    long end = extent.firstPage() + extent.pageCount();
    for (long page = extent.firstPage(); page < end; ) {
      long run = table.run(extent.block(), page, end - page);
      if (table.generation(table.index(extent.block(), page)) != 0) {
        into.add(extent.block(), page, run);
      }
      page += run;
    }
  }

  private long applySegment(Chunk chunk, long from, long to, ChunkDigests digests)
      throws DcmException {
    ReentrantLock stripe = stripe(chunk.block(), from / PageTable.SEGMENT_PAGES);
    stripe.lock();
    try {
      return chunk.isZero() ? applyZeros(chunk, from, to) : applyContents(chunk, from, to, digests);
    } finally {
      stripe.unlock();
    }
  }

  private long applyContents(Chunk chunk, long from, long to, ChunkDigests digests)
      throws DcmException {
    long accepted = 0;
    // Pages from here on are newer than what is held, and not yet written.
    long runStart = from;
    for (long page = from; page < to; page++) {
      long index = table.index(chunk.block(), page);
      int held = table.generation(index);
      int order = Integer.compareUnsigned(chunk.generation(), held);
      long digest = digests.of(page - chunk.firstPage());
      // Writing zeros into a hole would make the file less sparse.
      boolean hole = held == 0 && digest == zeroDigest && isZero(chunk, page);
      if (order > 0) {
        accepted++;
      }
      if (order <= 0 || hole) {
        incoming.write(chunk, digests, runStart, page);
        runStart = page + 1;
      }
      if (order == 0) {
        checkSame(chunk, page, index, digest);
      }
      if (hole) {
        table.set(index, chunk.generation(), digest);
      }
    }
    incoming.write(chunk, digests, runStart, to);
    return accepted;
  }

  private long applyZeros(Chunk chunk, long from, long to) throws DcmException {
    long accepted = 0;
    for (long page = from; page < to; page++) {
      accepted += applyZero(chunk, page) ? 1 : 0;
    }
    return accepted;
  }

  private boolean applyZero(Chunk chunk, long page) throws DcmException {
    long index = table.index(chunk.block(), page);
    int held = table.generation(index);
    int order = Integer.compareUnsigned(chunk.generation(), held);
    if (order < 0) {
      return false;
    }
    if (order == 0) {
      checkSame(chunk, page, index, zeroDigest);
      return false;
    }
    if (held != 0 && !isZero(chunk.block(), page, index)) {
      home.memory(chunk.block())
          .asSlice(page * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES)
          .fill((byte) 0);
    }
    table.set(index, chunk.generation(), zeroDigest);
    return true;
  }

  private void checkSame(Chunk chunk, long page, long index, long digest) throws DcmException {
    if (digest != table.digest(index)) {
      throw new DcmException(
          Reason.GENERATION_CONFLICT,
          "page %d of block %d came twice with generation %s and different contents"
              .formatted(page, chunk.block(), Integer.toUnsignedString(chunk.generation())));
    }
  }

  /** Cuts a run of one generation into runs of zero pages and runs of content. */
  private void split(int block, long from, long to, List<Chunk> chunks) {
    int generation = table.generation(table.index(block, from));
    for (long page = from; page < to; ) {
      boolean zero = isZero(block, page, table.index(block, page));
      long end = page + 1;
      while (end < to
          && (zero || end - page < TransferCodec.MAX_CHUNK_PAGES)
          && isZero(block, end, table.index(block, end)) == zero) {
        end++;
      }
      chunks.add(
          zero
              ? Chunk.zero(block, page, end - page, generation)
              : contents(block, page, end, generation));
      page = end;
    }
  }

  /**
   * A chunk of pages as they came: with the checksum that their digests give, so that whoever takes
   * it finds out when they have changed here.
   */
  private Chunk contents(int block, long from, long to, int generation) {
    long[] digests = new long[(int) (to - from)];
    Arrays.setAll(digests, i -> table.digest(table.index(block, from + i)));
    MemorySegment pages =
        home.memory(block).asSlice(from * Geometry.PAGE_BYTES, (to - from) * Geometry.PAGE_BYTES);
    OptionalInt crc32c = RunChecksum.of(algorithm, digests, 0, digests.length);
    return crc32c.isPresent()
        ? Chunk.of(block, from, generation, pages, crc32c.getAsInt())
        : Chunk.of(block, from, generation, pages);
  }

  /** The digest only hints at a zero page: with CRC64, other pages may be made to have it too. */
  private boolean isZero(int block, long page, long index) {
    long offset = page * Geometry.PAGE_BYTES;
    return table.digest(index) == zeroDigest
        && MemorySegment.mismatch(
                home.memory(block),
                offset,
                offset + Geometry.PAGE_BYTES,
                ZERO_PAGE,
                0,
                Geometry.PAGE_BYTES)
            < 0;
  }

  private static boolean isZero(Chunk chunk, long page) {
    long offset = (page - chunk.firstPage()) * Geometry.PAGE_BYTES;
    for (ByteBuffer piece : chunk.payload().buffers(offset, Geometry.PAGE_BYTES)) {
      MemorySegment content = MemorySegment.ofBuffer(piece);
      if (content.mismatch(ZERO_PAGE.asSlice(0, content.byteSize())) >= 0) {
        return false;
      }
    }
    return true;
  }

  private ReentrantLock stripe(int block, long segment) {
    return stripes[(int) ((segment + 31L * block) % STRIPES)];
  }
}
