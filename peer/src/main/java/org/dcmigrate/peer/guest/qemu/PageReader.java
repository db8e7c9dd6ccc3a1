package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;

/** Reads one stream after its set-up: pages as runs, the ends of passes, then the device state. */
final class PageReader {
  private static final int POLL_MS = 100;
  private static final Duration TAIL_PATIENCE = Duration.ofSeconds(10);

  private final MigrationRun run;
  private final MigrationWatch watch;
  private final GuestMemory memory;
  private final Geometry geometry;
  private final PageRun pages = new PageRun();

  private HoldPolicy policy;
  private int earlierPasses;
  private Optional<StreamRecord> unused = Optional.empty();
  private Optional<byte[]> deviceState = Optional.empty();
  private boolean ran;
  private boolean ramEnded;
  private long ramEndedAtNs;

  PageReader(MigrationRun run, MigrationWatch watch, GuestMemory memory, Geometry geometry) {
    this.run = run;
    this.watch = watch;
    this.memory = memory;
    this.geometry = geometry;
    this.policy = new HoldPolicy(geometry);
  }

  /** Makes ready for another stream. */
  void reset() {
    earlierPasses += policy.passes();
    policy = new HoldPolicy(geometry);
    unused = Optional.empty();
    deviceState = Optional.empty();
    ramEnded = false;
    pages.clear();
  }

  /** The end of a pass that did not come from a stream. */
  Event replayed() {
    earlierPasses++;
    return new Event.PassEnded(earlierPasses + policy.passes(), 0);
  }

  /** How the guest is held back. */
  HoldPolicy policy() {
    return policy;
  }

  /** Whether the last page was read, so that the guest stands still for sure. */
  boolean ramEnded() {
    return ramEnded;
  }

  /** When that was, {@link System#nanoTime}. */
  long ramEndedAtNs() {
    return ramEndedAtNs;
  }

  /** Whether the guest ran until the end of the stream, once that was read. */
  boolean ran() {
    return ran;
  }

  /** The device state, once the stream was read to its end. */
  Optional<byte[]> deviceState() {
    return deviceState;
  }

  /**
   * Reads on.
   *
   * @param held whether the guest is to be kept from stopping
   * @return an event; nothing when the caller has to look around and call again
   */
  Optional<Event> next(long deadlineNs, boolean held) throws DcmException {
    MigrationStream stream = run.stream().orElseThrow();
    MemorySegment buffer = stream.window().buffer();
    while (true) {
      StreamRecord record = unused.isPresent() ? unused.get() : stream.next();
      unused = Optional.empty();
      Optional<Event> before =
          switch (record) {
            case StreamRecord.Page page -> before(page, buffer);
            case StreamRecord.ZeroPage page -> before(page);
            case StreamRecord.RamEnded ended -> beforeEnd();
            default -> Optional.empty();
          };
      if (before.isPresent()) {
        unused = Optional.of(record);
        return before;
      }
      switch (record) {
        case StreamRecord.Page page -> {
          policy.advance(page.block(), page.page());
          memory.came(page.block(), page.page(), buffer, page.offset());
        }
        case StreamRecord.ZeroPage page -> {
          policy.advance(page.block(), page.page());
          memory.cameZero(page.block(), page.page());
        }
        case StreamRecord.RamEnded ended -> {
          ramEnded = true;
          ramEndedAtNs = System.nanoTime();
        }
        case StreamRecord.Ended ended -> {
          deviceState = Optional.of(ended.deviceState());
          ran = StreamTail.ran(ended.deviceState());
          return Optional.empty();
        }
        case StreamRecord.More more -> {
          return refill(stream, deadlineNs, held);
        }
        case StreamRecord.Setup again -> throw new AssertionError("the set-up was read before");
        case StreamRecord.Skipped skipped -> throw new AssertionError("not for outside");
      }
    }
  }

  private Optional<Event> before(StreamRecord.Page page, MemorySegment buffer) {
    if (policy.wraps(page.block(), page.page())) {
      return passEnded();
    }
    return pages.add(page, buffer) ? Optional.empty() : Optional.of(pages.take());
  }

  private Optional<Event> before(StreamRecord.ZeroPage page) {
    if (policy.wraps(page.block(), page.page())) {
      return passEnded();
    }
    return pages.add(page) ? Optional.empty() : Optional.of(pages.take());
  }

  private Optional<Event> beforeEnd() {
    return !pages.isEmpty() || policy.passes() == 0 ? passEnded() : Optional.empty();
  }

  /** The end of a pass; before it, what had been collected in the pass. */
  private Optional<Event> passEnded() {
    if (!pages.isEmpty()) {
      return Optional.of(pages.take());
    }
    int pass = policy.endPass();
    return Optional.of(new Event.PassEnded(earlierPasses + pass, run.remainingPages(pass)));
  }

  private Optional<Event> refill(MigrationStream stream, long deadlineNs, boolean wanted)
      throws DcmException {
    run.followPasses();
    // Once the guest stands still, holding back is over: unread, the stream would hang QEMU.
    boolean held = wanted && !ramEnded && !watch.seen().stopped();
    stream.keepAhead(held && policy.needsSmallBuffers());
    long most = held ? policy.readableBytes() : Long.MAX_VALUE;
    if (!pages.isEmpty()) {
      // What is complete goes out before any wait.
      return most > 0 && stream.fill(most, 0) ? Optional.empty() : Optional.of(pages.take());
    }
    if (most == 0) {
      return watch.idleUntil(deadlineNs, seen -> seen.stopped() || seen.broken());
    }
    if (stream.fill(most, 0)) {
      return Optional.empty();
    }
    long leftMs = Math.ceilDiv(deadlineNs - System.nanoTime(), 1_000_000);
    if (leftMs <= 0) {
      return Optional.of(new Event.Idle());
    }
    if (!stream.fill(most, (int) Math.min(leftMs, POLL_MS)) && ramEnded) {
      checkTail();
    }
    return Optional.empty();
  }

  private void checkTail() throws DcmException {
    if (System.nanoTime() - ramEndedAtNs > TAIL_PATIENCE.toNanos()) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "QEMU's device state did not end within %d s".formatted(TAIL_PATIENCE.toSeconds()));
    }
  }
}
