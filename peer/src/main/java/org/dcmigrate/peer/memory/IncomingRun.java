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
 * <p>The table learns of a page once its content is there.
 */
final class IncomingRun {
  private final GuestHome home;
  private final PageTable table;

  IncomingRun(GuestHome home, PageTable table) {
    this.home = home;
    this.table = table;
  }

  /**
   * Writes pages of a chunk.
   *
   * @param digests of the chunk
   * @param first page
   * @param end the page after the last one
   * @throws DcmException LIMIT_EXCEEDED when there is no room for them; they count as not received
   */
  void write(Chunk chunk, ChunkDigests digests, long first, long end) throws DcmException {
    if (first == end) {
      return;
    }
    long from = first - chunk.firstPage();
    long count = end - first;
    try {
      home.write(
          chunk.block(),
          first * Geometry.PAGE_BYTES,
          chunk.payload().buffers(from * Geometry.PAGE_BYTES, count * Geometry.PAGE_BYTES));
    } catch (IOException failed) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "%d pages of the guest cannot be written in %s: %s; make room or redirect"
              .formatted(count, home.directory(), failed.getMessage()),
          failed);
    }
    long index = table.index(chunk.block(), first);
    for (long i = 0; i < count; i++) {
      table.set(index + i, chunk.generation(), digests.of(from + i));
    }
  }
}
