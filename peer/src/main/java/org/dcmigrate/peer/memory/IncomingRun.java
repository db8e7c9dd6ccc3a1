package org.dcmigrate.peer.memory;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageTable;

/**
 * Accepted pages that follow each other, on their way into the guest's home with one write. A write
 * spares what storing into mapped memory costs at its first touch, a fault and the clearing of each
 * page, which is a third of all work of a destination; and a full disk is an error, not a signal.
 *
 * <p>The table learns of a page once its content is there. Belongs to one thread at a time.
 */
final class IncomingRun {
  private static final int MOST_PAGES = 32;

  private final GuestHome home;
  private final PageTable table;
  private final ByteBuffer contents = ByteBuffer.allocateDirect(MOST_PAGES * Geometry.PAGE_BYTES);
  private final long[] digests = new long[MOST_PAGES];
  private int block;
  private long firstPage;
  private int pages;
  private int generation;

  IncomingRun(GuestHome home, PageTable table) {
    this.home = home;
    this.table = table;
  }

  /**
   * Adds a page; writes what cannot wait any longer.
   *
   * @throws DcmException as {@link #write}, of pages added before
   */
  void add(int ofBlock, long page, int ofGeneration, long digest, byte[] content)
      throws DcmException {
    boolean follows = ofBlock == block && page == firstPage + pages && ofGeneration == generation;
    if (pages == MOST_PAGES || !follows) {
      write();
    }
    if (pages == 0) {
      block = ofBlock;
      firstPage = page;
      generation = ofGeneration;
    }
    digests[pages] = digest;
    pages++;
    contents.put(content);
  }

  /**
   * Writes all pages added.
   *
   * @throws DcmException LIMIT_EXCEEDED when there is no room for them; they count as not received
   */
  void write() throws DcmException {
    if (pages == 0) {
      return;
    }
    int count = pages;
    pages = 0;
    contents.flip();
    try {
      home.write(block, firstPage * Geometry.PAGE_BYTES, contents);
    } catch (IOException failed) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "%d pages of the guest cannot be written in %s: %s; make room or redirect"
              .formatted(count, home.directory(), failed.getMessage()),
          failed);
    } finally {
      contents.clear();
    }
    long index = table.index(block, firstPage);
    for (int i = 0; i < count; i++) {
      table.set(index + i, generation, digests[i]);
    }
  }
}
