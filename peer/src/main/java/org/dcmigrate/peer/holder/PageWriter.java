package org.dcmigrate.peer.holder;

import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.peer.transfer.PageSink;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.TransferMessage;

/** Writes what one sender brings in one epoch, as long as the epoch's gate is open. */
public final class PageWriter implements PageSink {
  /** What became of one chunk. */
  record Count(long accepted, long duplicate, long payloadBytes) {}

  interface Counter {
    void add(Count applied);
  }

  private final TransferGate gate;
  private final PageStore store;
  private final Counter counter;

  PageWriter(TransferGate gate, PageStore store, Counter counter) {
    this.gate = gate;
    this.store = store;
    this.counter = counter;
  }

  @Override
  public void write(TransferMessage.Chunk chunk) throws DcmException {
    PageStore.Applied applied = gate.pass(() -> store.apply(chunk));
    // Counted behind the gate: the counter takes a lock that the closer of the gate may hold.
    counter.add(
        new Count(applied.acceptedPages(), applied.duplicatePages(), chunk.payloadBytes()));
  }
}
