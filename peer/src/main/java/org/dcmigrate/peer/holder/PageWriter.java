package org.dcmigrate.peer.holder;

import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.peer.transfer.PageSink;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.TransferMessage;

/** Writes what one sender brings in one epoch, as long as the epoch's gate is open. */
public final class PageWriter implements PageSink {
  private final TransferGate gate;
  private final PageStore store;
  private final SenderCounter counter;

  PageWriter(TransferGate gate, PageStore store, SenderCounter counter) {
    this.gate = gate;
    this.store = store;
    this.counter = counter;
  }

  @Override
  public void write(TransferMessage.Chunk chunk) throws DcmException {
    counter.add(gate.pass(() -> store.apply(chunk)), chunk.contentBytes());
  }
}
