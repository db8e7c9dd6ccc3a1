package org.dcmigrate.peer.memory;

import java.io.IOException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageTable;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;

/**
 * Accepted pages of a chunk that follow each other, on their way into the guest's home: with one
 * write from where the transport has them. A write spares what storing into mapped memory costs at
 * its first touch, a fault and the clearing of each page, which is a third of all work of a
 * destination; and a full disk is an error, not a signal.
 *
 * <p>The table learns of a page once its content is there. Belongs to one thread at a time.
 */
final class IncomingRun {
  private final GuestHome home;
  private final PageTable table;
  private final long[] digests = new long[PageTable.SEGMENT_PAGES];
  private int pages;

  IncomingRun(GuestHome home, PageTable table) {
    this.home = home;
    this.table = table;
  }

  /** Begins with none. */
  void begin() {
    pages = 0;
  }

  /** Adds a page: the first one, or the one after the page added last. */
  void add(long digest) {
    digests[pages] = digest;
    pages++;
  }

  /**
   * Writes all pages added.
   *
   * @param end the page after the last one
   * @throws DcmException LIMIT_EXCEEDED when there is no room for them; they count as not received
   */
  void write(Chunk chunk, long end) throws DcmException {
    if (pages == 0) {
      return;
    }
    int count = pages;
    pages = 0;
    long first = end - count;
    try {
      home.write(
          chunk.block(),
          first * Geometry.PAGE_BYTES,
          chunk
              .payload()
              .buffers(
                  (first - chunk.firstPage()) * Geometry.PAGE_BYTES,
                  (long) count * Geometry.PAGE_BYTES));
    } catch (IOException failed) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "%d pages of the guest cannot be written in %s: %s; make room or redirect"
              .formatted(count, home.directory(), failed.getMessage()),
          failed);
    }
    long index = table.index(chunk.block(), first);
    for (int i = 0; i < count; i++) {
      table.set(index + i, chunk.generation(), digests[i]);
    }
  }
}
