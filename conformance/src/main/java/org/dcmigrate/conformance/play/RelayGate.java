package org.dcmigrate.conformance.play;

/** Lets a case stop a relay after so many pages, and go on later. */
public final class RelayGate {
  private long mostPages = Long.MAX_VALUE;

  /** From now on a relay stops after so many pages. */
  public synchronized void stopAfter(long pages) {
    mostPages = pages;
    notifyAll();
  }

  /** Relays go on to their ends. */
  public void letGo() {
    stopAfter(Long.MAX_VALUE);
  }

  synchronized void await(long sentPages) {
    while (sentPages >= mostPages) {
      try {
        wait();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
