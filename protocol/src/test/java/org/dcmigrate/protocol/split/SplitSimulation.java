package org.dcmigrate.protocol.split;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.pages.PageSet;

/**
 * The end of a migration after a redirect, in virtual time: the real shares and the real policy,
 * driven as the source drives them, over links that are shared as TCP would share them.
 */
final class SplitSimulation {
  private static final double STEP = 0.001;
  private static final double POLL = 0.1;
  private static final int RUN = 64;
  private static final double STOPS_BELOW_SECONDS = 0.05;

  /** Bandwidths in bytes per second: the source's uplink, the old ones', the new one's downlink. */
  record Links(double source, List<Double> old, double down) {}

  /** How the guest writes. */
  enum Pattern {
    IDLE,
    UNIFORM,
    HOT
  }

  /** A part of the old destinations' uplinks that is left from a moment on. */
  record Trouble(double atSeconds, int old, double factor) {}

  /** What came of it. */
  record Result(
      double seconds,
      double sourceBytes,
      double duplicateBytes,
      double wasted,
      double validFraction) {}

  private final Links links;
  private final int pages;
  private final Pattern pattern;
  private final double writesPerSecond;
  private final SplittableRandom random;
  private final List<Trouble> troubles;
  private final double roundTrip;

  private final int[] written;
  private final int[] emitted;
  private final int[] atNew;
  private final BitSet dirty;
  private final PageShares shares;
  private final SplitPolicy policy = new SplitPolicy();
  private final Map<PeerId, Old> olds = new LinkedHashMap<>();

  private double now;
  private int cursor;
  private boolean inPass;
  private int passCursor;
  private double writeCredit;
  private double sourceBytes;
  private double duplicateBytes;
  private double wastedBytes;
  private double validFraction;
  private double wireShare = 1;
  private double wireShareUntil = Double.POSITIVE_INFINITY;

  private final class Old {
    private final int number;
    private final int[] held;
    private PageSet waiting;
    private double pace;
    private double credit;
    private double bytes;
    private boolean gone;
    private boolean drained;
    private final Deque<Skip> skips = new ArrayDeque<>();

    private Old(int number, int[] held) {
      this.number = number;
      this.held = held;
      this.waiting = new PageSet(geometry());
    }
  }

  private record Skip(double at, List<Extent> extents) {}

  SplitSimulation(
      Links links,
      int pages,
      Pattern pattern,
      double writesPerSecond,
      double roundTrip,
      List<Trouble> troubles,
      long seed) {
    this.links = links;
    this.pages = pages;
    this.pattern = pattern;
    this.writesPerSecond = pattern == Pattern.IDLE ? 0 : writesPerSecond;
    this.roundTrip = roundTrip;
    this.troubles = troubles;
    random = new SplittableRandom(seed);
    written = new int[pages];
    emitted = new int[pages];
    atNew = new int[pages];
    dirty = new BitSet(pages);
    shares = new PageShares(geometry());
    Arrays.fill(written, 1);
  }

  /**
   * The source compresses.
   *
   * @param share of its pages' bytes that goes over the wire
   * @param untilSeconds from when on its pages cannot be compressed any more
   */
  SplitSimulation compressing(double share, double untilSeconds) {
    wireShare = share;
    wireShareUntil = untilSeconds;
    return this;
  }

  private double sourceShare() {
    return now < wireShareUntil ? wireShare : 1;
  }

  private Geometry geometry() {
    return new Geometry(List.of(new RamBlock("ram", (long) pages * Geometry.PAGE_BYTES)));
  }

  static PeerId peer(int number) {
    return new PeerId("spiffe://test/peer/old-" + number);
  }

  /** From a redirect after this part of memory was sent, to each old destination a like part. */
  Result redirect(double fraction) {
    int sent = (int) (fraction * pages);
    double before = sent * (double) Geometry.PAGE_BYTES * wireShare / links.source();
    for (int i = 0; i < sent; i++) {
      emitted[i] = 1;
    }
    cursor = sent;
    int count = links.old().size();
    Map<PeerId, PageSet> available = new LinkedHashMap<>();
    for (int o = 0; o < count; o++) {
      int[] held = new int[pages];
      PageSet has = new PageSet(geometry());
      int from = sent * o / count;
      int to = sent * (o + 1) / count;
      for (int i = from; i < to; i++) {
        held[i] = 1;
      }
      if (to > from) {
        has.add(0, from, to - from);
      }
      available.put(peer(o), has);
      olds.put(peer(o), new Old(o, held));
    }
    // What the guest wrote meanwhile, over pages sent and not sent.
    write((long) (before * writesPerSecond));
    for (int i = dirty.nextSetBit(sent); i >= 0; i = dirty.nextSetBit(i + 1)) {
      dirty.clear(i);
    }
    PageSet lacking = new PageSet(geometry());
    if (sent > 0) {
      lacking.add(0, 0, sent);
    }
    // The source alone, before: that is how its best is known.
    for (int i = 0; i < 10; i++) {
      policy.sourceSent((long) (links.source() / wireShare * POLL), (long) (POLL * 1e9), true);
    }
    policy.turned();
    shares.assign(lacking, available);
    validFraction = (double) (sent - dirty.cardinality()) / pages;
    dropWritten();
    olds.forEach((peer, old) -> old.waiting = shares.owed(peer));
    return run();
  }

  /** All over again to the new destination. */
  Result restart() {
    cursor = 0;
    return run();
  }

  private Result run() {
    double nextPoll = POLL;
    double sourceCredit = 0;
    double sourceAtPoll = 0;
    boolean busy = true;
    Optional<SplitPolicy.Step> step = Optional.empty();
    while (true) {
      if (now > 1000) {
        return new Result(
            Double.POSITIVE_INFINITY, sourceBytes, duplicateBytes, wastedBytes, validFraction);
      }
      boolean settled = olds.values().stream().allMatch(old -> old.drained || old.gone);
      boolean lacks = shares.ownPages() > 0 || cursor < pages;
      if (settled && !lacks && dirtyBytes() <= STOPS_BELOW_SECONDS * links.source()) {
        double last = dirtyBytes() / Math.min(links.source(), links.down());
        return new Result(
            now + last, sourceBytes + dirtyBytes(), duplicateBytes, wastedBytes, validFraction);
      }
      if (settled && !lacks && !inPass) {
        beginPass();
      }
      boolean active = lacks || inPass;
      if (!active) {
        step = Optional.of(policy.next(backlog(), ns(now)));
        switch (step.get()) {
          case SplitPolicy.Step.TakeOver over -> {
            shares.takeOver(over.from(), over.pages());
            sendSkips(over.from());
          }
          case SplitPolicy.Step.Pass pass -> beginPass();
          case SplitPolicy.Step.Rest rest -> busy = false;
        }
        active = shares.ownPages() > 0 || inPass;
      }
      double[] rates = rates(active);
      now += STEP;
      writeCredit += writesPerSecond * STEP;
      write((long) writeCredit);
      writeCredit -= (long) writeCredit;
      double contents = rates[0] / sourceShare();
      sourceCredit = Math.min(sourceCredit + contents * STEP, contents * 0.02 + RUN * 4096.0);
      while (sourceCredit >= RUN * 4096.0) {
        int sent = sendOne();
        if (sent == 0) {
          break;
        }
        sourceCredit -= sent * 4096.0;
      }
      int number = 1;
      for (Old old : olds.values()) {
        relay(old, rates[number++]);
      }
      if (now >= nextPoll) {
        policy.sourceSent((long) (sourceBytes - sourceAtPoll), (long) (POLL * 1e9), busy);
        busy = true;
        sourceAtPoll = sourceBytes;
        poll();
        nextPoll += POLL;
      }
    }
  }

  private void dropWritten() {
    for (int i = dirty.nextSetBit(0); i >= 0; i = dirty.nextSetBit(i + 1)) {
      shares.written(new Extent(0, i, 1));
    }
  }

  private void poll() {
    dropWritten();
    policy.written(dirty.cardinality(), ns(now));
    olds.forEach(
        (peer, old) -> {
          if (old.gone || old.drained) {
            return;
          }
          for (Trouble trouble : troubles) {
            if (trouble.old() == old.number
                && trouble.factor() == 0
                && now >= trouble.atSeconds()) {
              old.gone = true;
            }
          }
          if (old.gone) {
            PageSet left = shares.owed(peer);
            shares.settle(peer);
            policy.gone(peer);
            left.forEachExtent(
                extent -> {
                  for (long p = extent.firstPage();
                      p < extent.firstPage() + extent.pageCount();
                      p++) {
                    if (atNew[(int) p] < emitted[(int) p]) {
                      shares.addOwn(new Extent(0, p, 1));
                    }
                  }
                });
            return;
          }
          sendSkips(peer);
          long waiting = old.waiting.count();
          if (waiting == 0) {
            old.drained = true;
            shares.settle(peer);
            policy.gone(peer);
            return;
          }
          policy.contributor(peer, waiting, (long) old.bytes, ns(now));
          old.pace = policy.pace(peer, backlog());
        });
  }

  private void sendSkips(PeerId peer) {
    List<Extent> skips = shares.takeSkips(peer, 8192);
    if (!skips.isEmpty()) {
      olds.get(peer).skips.add(new Skip(now + roundTrip / 2, skips));
    }
  }

  private void relay(Old old, double rate) {
    while (!old.skips.isEmpty() && old.skips.peek().at() <= now) {
      old.skips.remove().extents().forEach(old.waiting::remove);
    }
    old.credit = Math.min(old.credit + rate * STEP, rate * 0.02 + RUN * 4096.0);
    while (old.credit >= RUN * 4096.0 && !old.gone) {
      Optional<Extent> next = old.waiting.nextRun(0, 0, RUN);
      if (next.isEmpty()) {
        return;
      }
      old.waiting.remove(next.get());
      for (long p = next.get().firstPage();
          p < next.get().firstPage() + next.get().pageCount();
          p++) {
        arrive((int) p, old.held[(int) p]);
      }
      old.credit -= next.get().pageCount() * 4096.0;
      old.bytes += next.get().pageCount() * 4096.0;
    }
  }

  /** Most a link gives each of its users is the same, as long as they can use it. */
  private double[] rates(boolean sourceActive) {
    double[] most = new double[olds.size() + 1];
    most[0] = sourceActive ? links.source() : 0;
    int number = 1;
    for (Old old : olds.values()) {
      double up = links.old().get(old.number);
      for (Trouble trouble : troubles) {
        if (trouble.old() == old.number && now >= trouble.atSeconds()) {
          up *= trouble.factor();
        }
      }
      double paced = old.pace > 0 ? Math.min(up, old.pace) : up;
      most[number++] = old.gone || old.waiting.isEmpty() ? 0 : paced;
    }
    double[] rates = new double[most.length];
    double left = links.down();
    Set<Integer> open = new LinkedHashSet<>();
    for (int i = 0; i < most.length; i++) {
      if (most[i] > 0) {
        open.add(i);
      }
    }
    while (!open.isEmpty()) {
      double share = left / open.size();
      Optional<Integer> full = open.stream().filter(i -> most[i] <= share).findFirst();
      if (full.isEmpty()) {
        open.forEach(i -> rates[i] = share);
        break;
      }
      rates[full.get()] = most[full.get()];
      left -= most[full.get()];
      open.remove(full.get());
    }
    return rates;
  }

  private int sendOne() {
    Optional<Extent> own = shares.nextOwn(RUN);
    if (own.isPresent()) {
      emit((int) own.get().firstPage(), (int) own.get().pageCount());
      return (int) own.get().pageCount();
    }
    if (cursor < pages) {
      int run = Math.min(RUN, pages - cursor);
      emit(cursor, run);
      cursor += run;
      return run;
    }
    if (!inPass) {
      return 0;
    }
    int first = dirty.nextSetBit(passCursor);
    if (first < 0) {
      inPass = false;
      return 0;
    }
    int end = first + 1;
    while (end - first < RUN && dirty.get(end)) {
      end++;
    }
    passCursor = end;
    emit(first, end - first);
    return end - first;
  }

  private void beginPass() {
    inPass = true;
    passCursor = 0;
  }

  private void emit(int first, int count) {
    for (int i = first; i < first + count; i++) {
      dirty.clear(i);
      emitted[i] = written[i];
      arrive(i, written[i]);
    }
    sourceBytes += count * 4096.0;
    shares.emitted(new Extent(0, first, count));
  }

  private void arrive(int page, int version) {
    if (version <= atNew[page]) {
      duplicateBytes += 4096;
    } else {
      if (atNew[page] > 0) {
        wastedBytes += 4096;
      }
      atNew[page] = version;
    }
  }

  private void write(long count) {
    for (long i = 0; i < count; i++) {
      int page =
          pattern == Pattern.HOT && random.nextInt(10) < 9
              ? random.nextInt(Math.max(1, pages / 10))
              : random.nextInt(pages);
      written[page]++;
      if (emitted[page] == 0) {
        continue;
      }
      if (!dirty.get(page)) {
        dirty.set(page);
      }
    }
  }

  private double dirtyBytes() {
    return dirty.cardinality() * 4096.0;
  }

  private Backlog backlog() {
    long lacking = shares.ownPages() + pages - cursor;
    return new Backlog(lacking, dirty.cardinality());
  }

  private static long ns(double seconds) {
    return (long) (seconds * 1e9);
  }
}
