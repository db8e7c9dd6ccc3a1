package org.dcmigrate.peer.holder;

import java.util.concurrent.atomic.LongAdder;
import org.dcmigrate.peer.memory.PageStore;

/**
 * What one sender has brought in one epoch. Counts without a lock: it is on the way of every chunk.
 */
public final class SenderCounter {
  private final LongAdder acceptedPages = new LongAdder();
  private final LongAdder duplicatePages = new LongAdder();
  private final LongAdder payloadBytes = new LongAdder();

  SenderCounter() {}

  void add(PageStore.Applied applied, long bytes) {
    acceptedPages.add(applied.acceptedPages());
    duplicatePages.add(applied.duplicatePages());
    payloadBytes.add(bytes);
  }

  /** Pages that were newer than what was held. */
  public long acceptedPages() {
    return acceptedPages.sum();
  }

  /** Pages that were not. */
  public long duplicatePages() {
    return duplicatePages.sum();
  }

  /** Payload received. */
  public long payloadBytes() {
    return payloadBytes.sum();
  }
}
