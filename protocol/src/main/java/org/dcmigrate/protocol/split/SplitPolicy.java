package org.dcmigrate.protocol.split;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;

/**
 * Decides, while contributors relay, what the source does when it has sent what only it has: so
 * that source and contributors are done at the same time, which is the soonest.
 *
 * <ul>
 *   <li>A contributor that needs longer than the source is a straggler: the source takes pages over
 *       from the far end of its share, as long as the destination's downlink has room for both.
 *       Whether it has shows in what the source reaches: as much as it did alone, or less.
 *   <li>Where the source needs at least as long, because the guest writes, it sends what was
 *       written.
 *   <li>Where the source needs longer because it has much to send itself, contributors go slower,
 *       to be done shortly before it: what they do not use of the downlink is the source's.
 * </ul>
 *
 * <p>All bytes here are contents of pages, before compression: they are compared with pages that
 * are left, and a peer that compresses is done sooner. The downlink, which is shared in bytes on
 * the wire, is judged by the contents that get through as well, with the source and without it;
 * that a source's contents compress less than before looks as if it were squeezed, and costs one
 * probe.
 *
 * <p>Takes measurements several times a second. Not thread-safe.
 */
public final class SplitPolicy {
  private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

  /** A rate that was measured for less than this says nothing. */
  private static final long LEAST_MEASURED_NS = TimeUnit.MILLISECONDS.toNanos(250);

  /** How long the source looks what contributors reach without it. */
  private static final long PROBE_NS = TimeUnit.MILLISECONDS.toNanos(350);

  /** What is under way at the start of a probe still shares the downlink. */
  private static final long PROBE_SETTLES_NS = TimeUnit.MILLISECONDS.toNanos(120);

  /** A source that reaches less than this part of what it did alone is squeezed. */
  private static final double SQUEEZED = 0.85;

  /** With the source, so much more must get through than contributors reach without it. */
  private static final double WORTH_IT = 1.1;

  /** Contributors that have fallen below this part of what they reached leave room again... */
  private static final double FALLEN = 0.7;

  /** ...when they stay there for so long. */
  private static final long FALLEN_NS = TimeUnit.MILLISECONDS.toNanos(500);

  /** Contributors that go slower are to need this part of the source's time. */
  private static final double IN_GOOD_TIME = 0.8;

  /** No contributor is held back below this part of what it can: estimates err. */
  private static final double LEAST_PACE = 0.125;

  /** What a contributor sends in this time is left to it: the word to skip comes no sooner. */
  private static final long LEFT_NS = TimeUnit.MILLISECONDS.toNanos(40);

  private static final long LEAST_LEFT_PAGES = 256;

  /** The source takes over what it sends in this time. */
  private static final long TAKEN_NS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final long LEAST_TAKEN_PAGES = 64;
  private static final long MOST_TAKEN_PAGES = 4096;
  private static final long LEAST_PASS_PAGES = 1024;

  private final Map<PeerId, Contributor> contributors = new HashMap<>();
  private final Throughput source = new Throughput();
  private final Throughput writing = new Throughput();
  private long writtenPages;
  private long writtenAtNs;
  private double bestSource;
  private boolean sourceIsBusy;
  private Room room = Room.UNKNOWN;
  private long probeEndsNs;
  // What contributors reach together: beside the source, in a probe, and since one without room.
  private final Throughput beside = new Throughput();
  private final Throughput probed = new Throughput();
  private final Throughput since = new Throughput();
  private double aloneReached;

  /** Nothing was measured yet. */
  public SplitPolicy() {}

  /** Whether the destination's downlink has room for the source beside the contributors. */
  private enum Room {
    UNKNOWN,
    YES,
    /** The source looks what the contributors reach without it. */
    PROBING,
    NO
  }

  private static final class Contributor {
    private final Throughput unpaced = new Throughput();
    private long waitingPages;
    private long bytes;
    private long atNs;
    private long pace;
    private boolean seen;
  }

  /** What the source does next. */
  public sealed interface Step {
    /** Takes pages over from a contributor, from the far end of its share. */
    record TakeOver(PeerId from, long pages) implements Step {}

    /** Sends what the guest has written. */
    record Pass() implements Step {}

    /** Leaves the downlink to the contributors. */
    record Rest() implements Step {}
  }

  // ---- Measurements.

  /** Another destination: contributors are to be told of anew. */
  public void turned() {
    contributors.clear();
    source.reset();
    sourceIsBusy = false;
    writtenAtNs = 0;
    room = Room.UNKNOWN;
    beside.reset();
    aloneReached = 0;
  }

  /**
   * What of the source's pages has reached the destination.
   *
   * @param bytes of contents since the last word
   * @param tookNs since the last word
   * @param busy whether the source had something to send all that time
   */
  public void sourceSent(long bytes, long tookNs, boolean busy) {
    sourceIsBusy = busy;
    if (!busy) {
      return;
    }
    source.add(bytes, tookNs);
    if (source.measuredNs() < LEAST_MEASURED_NS) {
      return;
    }
    if (!anyRelays()) {
      bestSource = Math.max(bestSource, source.perSecond());
    } else if (room == Room.UNKNOWN || room == Room.YES) {
      bestSource = Math.max(bestSource, source.perSecond());
      room = isSqueezed() ? Room.UNKNOWN : Room.YES;
    }
  }

  /**
   * How many pages the guest has written since they were sent, as far as it tells. A number that
   * falls means that they were sent meanwhile.
   */
  public void written(long pages, long nowNs) {
    if (writtenAtNs != 0 && pages >= writtenPages) {
      writing.add(pages - writtenPages, nowNs - writtenAtNs);
    }
    writtenPages = pages;
    writtenAtNs = nowNs;
  }

  /**
   * Where a contributor stands.
   *
   * @param waitingPages still to relay
   * @param bytes of contents relayed in this epoch
   */
  public void contributor(PeerId peer, long waitingPages, long bytes, long nowNs) {
    Contributor one = contributors.computeIfAbsent(peer, any -> new Contributor());
    if (one.seen && nowNs > one.atNs && one.waitingPages > 0) {
      long tookNs = nowNs - one.atNs;
      double rate = (double) (bytes - one.bytes) * SECOND_NS / tookNs;
      if (one.pace == 0 || rate < IN_GOOD_TIME * one.pace) {
        one.unpaced.add(bytes - one.bytes, tookNs);
      }
      measureTogether(bytes - one.bytes, tookNs, nowNs);
    }
    one.seen = true;
    one.waitingPages = waitingPages;
    one.bytes = bytes;
    one.atNs = nowNs;
  }

  private void measureTogether(long bytes, long tookNs, long nowNs) {
    long relaying =
        Math.max(1, contributors.values().stream().filter(one -> one.waitingPages > 0).count());
    // Each of them tells of the same time.
    long shareNs = tookNs / relaying;
    if (room == Room.NO) {
      since.add(bytes, shareNs);
    } else if (room != Room.PROBING) {
      beside.add(bytes, shareNs);
    } else if (nowNs - tookNs >= probeEndsNs - PROBE_NS + PROBE_SETTLES_NS) {
      probed.add(bytes, shareNs);
    }
  }

  /** A contributor is done or gone. */
  public void gone(PeerId peer) {
    contributors.remove(peer);
  }

  // ---- Decisions.

  /**
   * What the source does now that it has nothing of its own to send but what the backlog says.
   *
   * @param backlog with no lacking pages
   */
  public Step next(Backlog backlog, long nowNs) {
    Optional<Map.Entry<PeerId, Contributor>> straggler = straggler();
    // Without room the downlink is full as it is; what is written is best sent once, at the end.
    if (straggler.isEmpty() || !hasRoom(nowNs)) {
      return new Step.Rest();
    }
    Contributor slowest = straggler.get().getValue();
    if (backlog.writtenPages() >= LEAST_PASS_PAGES && sourceNeeds(backlog) >= needs(slowest)) {
      return new Step.Pass();
    }
    long most = slowest.waitingPages - leftPages(slowest);
    if (most <= 0) {
      return new Step.Rest();
    }
    long pages = Math.min(most, takenPages());
    slowest.waitingPages -= pages;
    return new Step.TakeOver(straggler.get().getKey(), pages);
  }

  /**
   * How fast a contributor is to relay at the most, in bytes of contents per second; 0: as fast as
   * it can.
   *
   * @param backlog as it is now
   */
  public long pace(PeerId peer, Backlog backlog) {
    Contributor one = contributors.get(peer);
    if (one == null) {
      return 0;
    }
    double sourceNeeds = sourceNeeds(backlog);
    double needs = needs(one);
    // A guest that is held back until contributors are done has pages left, and does not give them.
    boolean inGoodTime =
        backlog.lackingPages() > 0
            && sourceIsBusy
            && one.unpaced.measuredNs() >= LEAST_MEASURED_NS
            && needs < IN_GOOD_TIME * sourceNeeds;
    one.pace =
        inGoodTime
            ? (long)
                Math.max(
                    LEAST_PACE * one.unpaced.perSecond(),
                    one.waitingPages * Geometry.PAGE_BYTES / (IN_GOOD_TIME * sourceNeeds))
            : 0;
    return one.pace;
  }

  /** How long a contributor still needs to be done; empty where that is not known. */
  public OptionalLong doneNs(PeerId peer) {
    Contributor one = contributors.get(peer);
    if (one == null || !one.seen || !one.unpaced.isKnown()) {
      return OptionalLong.empty();
    }
    double atPace = one.pace > 0 ? (double) one.waitingPages * Geometry.PAGE_BYTES / one.pace : 0;
    return OptionalLong.of((long) (Math.max(needs(one), atPace) * SECOND_NS));
  }

  private boolean anyRelays() {
    return contributors.values().stream().anyMatch(one -> one.waitingPages > 0);
  }

  private Optional<Map.Entry<PeerId, Contributor>> straggler() {
    return contributors.entrySet().stream()
        .filter(entry -> entry.getValue().waitingPages > 0)
        .max(Comparator.comparingDouble(entry -> needs(entry.getValue())));
  }

  /** Seconds until a contributor has relayed its share. */
  private static double needs(Contributor one) {
    double rate = one.unpaced.perSecond();
    double bytes = (double) one.waitingPages * Geometry.PAGE_BYTES;
    return rate > 0 ? bytes / rate : bytes > 0 ? Double.MAX_VALUE : 0;
  }

  /** Seconds until the source has sent its backlog, while the guest goes on writing. */
  private double sourceNeeds(Backlog backlog) {
    double rate = source.isKnown() ? source.perSecond() : bestSource;
    double added = writing.perSecond() * Geometry.PAGE_BYTES;
    double bytes = (double) (backlog.lackingPages() + backlog.writtenPages()) * Geometry.PAGE_BYTES;
    // A guest that writes faster than the source sends: this far down the estimate holds.
    double spare = Math.max(rate - added, rate / 10);
    return bytes == 0 ? 0 : spare > 0 ? bytes / spare : Double.MAX_VALUE;
  }

  private boolean isSqueezed() {
    return source.perSecond() < SQUEEZED * bestSource;
  }

  private boolean hasRoom(long nowNs) {
    return switch (room) {
      case YES -> true;
      case UNKNOWN -> roomAsFarAsKnown(nowNs);
      case PROBING -> roomAfterProbe(nowNs);
      case NO -> roomAgain();
    };
  }

  private boolean roomAsFarAsKnown(long nowNs) {
    if (source.measuredNs() < LEAST_MEASURED_NS || !isSqueezed()) {
      return true;
    }
    room = Room.PROBING;
    probeEndsNs = nowNs + PROBE_NS;
    probed.reset();
    return false;
  }

  private boolean roomAfterProbe(long nowNs) {
    // Nothing at all is an answer, too, once it was measured long enough.
    boolean measured = probed.isKnown() || probed.measuredNs() >= LEAST_MEASURED_NS;
    if (nowNs < probeEndsNs || !measured) {
      return false;
    }
    aloneReached = probed.perSecond();
    double together = source.perSecond() + beside.perSecond();
    boolean worthIt = together > WORTH_IT * aloneReached;
    if (worthIt) {
      // What it reaches here beside the others is its best.
      bestSource = source.perSecond();
    }
    room = worthIt ? Room.YES : Room.NO;
    since.reset();
    return worthIt;
  }

  private boolean roomAgain() {
    boolean fallen = since.measuredNs() >= FALLEN_NS && since.perSecond() <= FALLEN * aloneReached;
    if (fallen) {
      room = Room.UNKNOWN;
      source.reset();
    }
    return fallen;
  }

  private long leftPages(Contributor one) {
    return Math.max(LEAST_LEFT_PAGES, pages(one.unpaced.perSecond(), LEFT_NS));
  }

  private long takenPages() {
    return Math.clamp(pages(source.perSecond(), TAKEN_NS), LEAST_TAKEN_PAGES, MOST_TAKEN_PAGES);
  }

  private static long pages(double bytesPerSecond, long ns) {
    return (long) (bytesPerSecond * ns / SECOND_NS / Geometry.PAGE_BYTES);
  }
}
