package org.dcmigrate.protocol.machine;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The guest at the source: its memory, and the order in which its pages come. It survives the peer,
 * as a virtual machine survives the daemon that looks after it.
 */
final class WorldGuest {
  private static final int FEW_PAGES = 2;

  /** Whether it runs. */
  enum Power {
    RUNNING,
    STOPPED,
    SEALED,
    QUIT,
    /** Gone with its hypervisor, or with its host. */
    LOST
  }

  private final int[] content;
  private final BitSet pending;
  private Power power = Power.RUNNING;
  private boolean bulkDone;
  private boolean mayStop;
  private int cursor;
  private int writes;

  WorldGuest(int pageCount) {
    content = new int[pageCount];
    pending = new BitSet(pageCount);
    for (int page = 0; page < pageCount; page++) {
      content[page] = ++writes;
    }
    emitAnew();
  }

  Power power() {
    return power;
  }

  int pageCount() {
    return content.length;
  }

  int content(int page) {
    return content[page];
  }

  long digest() {
    Map<Integer, Version> pages = new HashMap<>();
    for (int page = 0; page < content.length; page++) {
      pages.put(page, new Version(1, content[page]));
    }
    return Version.digest(pages, content.length);
  }

  /** The guest writes a page, if it runs. */
  void write(int page) {
    if (power == Power.RUNNING) {
      content[page] = ++writes;
      pending.set(page);
    }
  }

  boolean isPending(int page) {
    return pending.get(page);
  }

  /** The next page to send; it is clean from now on. */
  OptionalInt emit() {
    int page = pending.nextSetBit(cursor);
    if (page < 0) {
      bulkDone = true;
      page = pending.nextSetBit(0);
    }
    if (page < 0) {
      return OptionalInt.empty();
    }
    pending.clear(page);
    cursor = page + 1;
    return OptionalInt.of(page);
  }

  void letStop(boolean may) {
    mayStop = may;
  }

  boolean wantsToStop() {
    boolean through = bulkDone || pending.nextSetBit(cursor) < 0;
    return power == Power.RUNNING && mayStop && through && pending.cardinality() <= FEW_PAGES;
  }

  void stop() {
    power = Power.STOPPED;
  }

  /** Runs on and emits everything anew. */
  void resume() {
    require(Power.STOPPED, "resume");
    power = Power.RUNNING;
    emitAnew();
  }

  void seal() {
    require(Power.STOPPED, "seal");
    power = Power.SEALED;
  }

  /** Runs on, whatever was done to it. */
  void takeBack() {
    if (power == Power.QUIT) {
      throw new AssertionError("the guest was ended at the source and is taken back");
    }
    power = Power.RUNNING;
  }

  /** One that was not sealed runs on. */
  void endMigration() {
    if (power == Power.STOPPED) {
      power = Power.RUNNING;
    }
  }

  void quit() {
    if (power == Power.RUNNING) {
      throw new AssertionError("a running guest is ended at the source");
    }
    power = Power.QUIT;
  }

  private void emitAnew() {
    pending.set(0, content.length);
    bulkDone = false;
    mayStop = false;
    cursor = 0;
  }

  private void require(Power expected, String what) {
    if (power != expected) {
      throw new AssertionError(what + " must come in " + expected + ", but was in " + power);
    }
  }
}
