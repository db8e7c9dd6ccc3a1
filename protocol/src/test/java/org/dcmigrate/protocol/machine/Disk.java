package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Electorate;

/**
 * The disk of one peer: records of its machine, and its votes, in one log. A write that is not
 * synced is lost in a crash with all that came after it; the next write that is synced takes those
 * before it along. A record and the seat that it changes are one write, as in the journal.
 *
 * @param <R> the records
 */
final class Disk<R> {
  /** What a peer knows as an acceptor of an epoch. */
  record Seat(Electorate electorate, Acceptor acceptor) {}

  /** All that is on a disk. */
  record Contents<R>(List<R> journal, SortedMap<Long, Seat> seats) {
    Contents {
      journal = List.copyOf(journal);
      seats = new TreeMap<>(seats);
    }
  }

  /** When a peer dies in writing. */
  enum Moment {
    BEFORE_WRITE,
    /** A part of the record's text is there: recovery sees that, and drops it. */
    TORN,
    /** Written, and lost. */
    NOT_SYNCED,
    /** Written, and by luck on disk, although nobody waited for that. */
    SYNCED_BY_LUCK,
    /** On disk, and nothing that comes after is done. */
    NOT_SENT,
    /** On disk, and all that comes after is done; answers come too late. */
    NOT_ACKNOWLEDGED
  }

  /** The peer dies at this point of its program. */
  static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Crash(Moment moment) {
      super(moment.toString(), null, false, false);
    }
  }

  private final Function<R, Optional<R>> torn;
  private Contents<R> synced = new Contents<>(List.of(), new TreeMap<>());
  private int writes;
  private int crashesAt;
  private Moment moment = Moment.BEFORE_WRITE;
  private boolean dying;

  /**
   * A disk without anything.
   *
   * @param torn what recovery makes of a record of which a part was written
   */
  Disk(Function<R, Optional<R>> torn) {
    this.torn = torn;
  }

  /** Lets the peer die in one of its next writes, 1: the very next one. */
  void crashAt(int write, Moment when) {
    crashesAt = writes + write;
    moment = when;
  }

  void crashNoMore() {
    crashesAt = 0;
    dying = false;
  }

  /** Whether the peer dies as soon as it has done what it is at. */
  boolean isDying() {
    return dying;
  }

  /** The log is now this long; returns when it is on disk, where somebody waits for that. */
  void write(Contents<R> after, boolean waits) {
    writes++;
    if (writes != crashesAt) {
      if (waits) {
        synced = after;
      }
      return;
    }
    switch (moment) {
      case BEFORE_WRITE, NOT_SYNCED -> throw new Crash(moment);
      case TORN -> {
        tear(after);
        throw new Crash(moment);
      }
      case SYNCED_BY_LUCK, NOT_SENT -> {
        synced = after;
        throw new Crash(moment);
      }
      case NOT_ACKNOWLEDGED -> {
        if (waits) {
          synced = after;
        }
        dying = true;
      }
    }
  }

  /** Of the records the last one, where that is what was written, and what was waiting before. */
  private void tear(Contents<R> after) {
    if (after.journal().size() > synced.journal().size()) {
      List<R> longer = new ArrayList<>(after.journal());
      torn.apply(longer.removeLast())
          .ifPresent(
              read -> {
                longer.add(read);
                synced = new Contents<>(longer, synced.seats());
              });
    }
  }

  /** The peer is dead: what a restart finds. */
  Contents<R> crash() {
    crashNoMore();
    return synced;
  }
}
