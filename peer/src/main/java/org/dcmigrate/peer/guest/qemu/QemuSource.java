package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;

/**
 * A QEMU guest in migration. What QEMU takes for its destination is this class.
 *
 * <p>Once the guest stands still the stream is read to its end in any case: QEMU writes it while it
 * holds the lock that its monitor needs, so a stream left unread would hang QEMU altogether.
 */
final class QemuSource implements GuestSource {
  private static final int POLL_MS = 100;
  private static final int MOST_REJECTIONS = 3;
  private static final Duration HEADROOM = Duration.ofMillis(300);
  private static final Duration TAIL_PATIENCE = Duration.ofSeconds(10);
  private static final Duration AT_ONCE = Duration.ofMillis(1);
  private static final Event IDLE = new Event.Idle();

  private final QemuGuest guest;
  private final Qmp qmp;
  private final MigrationWatch watch;
  private final MigrationSettings settings;
  private final GuestMemory memory;
  private final GuestMetadata metadata;
  private final Arena arena;
  private final MigrationRun run;
  private final Duration downtimeLimit;
  private final PageRun pages;
  private final ReentrantLock busy = new ReentrantLock();

  private HoldPolicy policy;
  private PageReplay pageReplay;
  private Optional<StreamRecord> unused = Optional.empty();
  private Phase phase = Phase.PAGES;
  private boolean mayStop;
  private boolean stopAllowed;
  private int rejections;
  private long ramEndedAtNs;
  private byte[] deviceState = {};
  private boolean closed;

  private enum Phase {
    /** There is no stream; it begins when the guest may stop. */
    WAITING,
    PAGES,
    DEVICES,
    /** All was read; QEMU waits for a word. */
    READ,
    /** As in READ; pages are given once more. */
    REPLAY,
    STOPPED,
    SEALED
  }

  QemuSource(QemuGuest guest, QemuSourceParts parts, Duration downtimeLimit) {
    this.guest = guest;
    this.qmp = parts.qmp();
    this.watch = parts.watch();
    this.settings = parts.settings();
    this.memory = parts.memory();
    this.metadata = parts.metadata();
    this.arena = parts.arena();
    this.run = parts.run();
    this.downtimeLimit = downtimeLimit;
    this.pages = new PageRun(arena);
    this.policy = new HoldPolicy(metadata.geometry());
    this.pageReplay = new PageReplay(memory, metadata.geometry(), arena);
  }

  @Override
  public GuestMetadata metadata() {
    return metadata;
  }

  @Override
  public Event next(Duration patience) throws DcmException {
    busy.lock();
    try {
      long deadline = System.nanoTime() + patience.toNanos();
      while (true) {
        if (phase == Phase.SEALED) {
          return IDLE;
        }
        run.checkHealth();
        Optional<Event> event =
            switch (phase) {
              case WAITING -> waiting(deadline);
              case PAGES, DEVICES -> reading(deadline);
              case READ -> read(deadline);
              case REPLAY -> replay();
              case STOPPED, SEALED -> Optional.of(IDLE);
            };
        if (event.isPresent()) {
          return event.get();
        }
      }
    } finally {
      busy.unlock();
    }
  }

  private Optional<Event> waiting(long deadline) throws DcmException {
    if (mayStop) {
      restart();
      return Optional.empty();
    }
    return idleUntil(deadline, MigrationWatch.Seen::broken);
  }

  /** Waits for a word of QEMU; an event when the time is over. */
  private Optional<Event> idleUntil(long deadline, Predicate<MigrationWatch.Seen> word)
      throws DcmException {
    watch.await(word, Duration.ofNanos(deadline - System.nanoTime()));
    return System.nanoTime() >= deadline ? Optional.of(IDLE) : Optional.empty();
  }

  private Optional<Event> reading(long deadline) throws DcmException {
    MigrationStream stream = run.stream().orElseThrow();
    while (true) {
      StreamRecord record = unused.isPresent() ? unused.get() : stream.next();
      unused = Optional.empty();
      switch (record) {
        case StreamRecord.Page page -> {
          Optional<Event> event = passBefore(page.block(), page.page());
          if (event.isEmpty() && !pages.add(page, stream.window().buffer())) {
            event = Optional.of(pages.take());
          }
          if (event.isPresent()) {
            unused = Optional.of(record);
            return event;
          }
          policy.advance(page.block(), page.page());
          memory.came(page.block(), page.page(), stream.window().buffer(), page.offset());
        }
        case StreamRecord.ZeroPage page -> {
          Optional<Event> event = passBefore(page.block(), page.page());
          if (event.isEmpty() && !pages.add(page)) {
            event = Optional.of(pages.take());
          }
          if (event.isPresent()) {
            unused = Optional.of(record);
            return event;
          }
          policy.advance(page.block(), page.page());
          memory.cameZero(page.block(), page.page());
        }
        case StreamRecord.RamEnded ended -> {
          if (!pages.isEmpty()) {
            unused = Optional.of(record);
            return Optional.of(pages.take());
          }
          ramEndedAtNs = System.nanoTime();
          phase = Phase.DEVICES;
          if (policy.passes() == 0) {
            return Optional.of(new Event.PassEnded(policy.endPass(), 0));
          }
        }
        case StreamRecord.Ended ended -> {
          deviceState = ended.deviceState();
          phase = Phase.READ;
          return Optional.empty();
        }
        case StreamRecord.More more -> {
          return refill(stream, deadline);
        }
        case StreamRecord.Setup again -> throw new AssertionError("the set-up was read before");
        case StreamRecord.Skipped skipped -> throw new AssertionError("not for outside");
      }
    }
  }

  private Optional<Event> passBefore(int block, long page) {
    if (!policy.wraps(block, page)) {
      return Optional.empty();
    }
    if (!pages.isEmpty()) {
      return Optional.of(pages.take());
    }
    int pass = policy.endPass();
    return Optional.of(new Event.PassEnded(pass, run.remainingPages(pass)));
  }

  private Optional<Event> refill(MigrationStream stream, long deadline) throws DcmException {
    run.followPasses();
    boolean held = phase == Phase.PAGES && !mayStop && !watch.seen().stopped();
    stream.keepAhead(held && policy.needsSmallBuffers());
    long most = held ? policy.readableBytes() : Long.MAX_VALUE;
    if (!pages.isEmpty()) {
      // What is complete goes out before any wait.
      return most > 0 && stream.fill(most, 0) ? Optional.empty() : Optional.of(pages.take());
    }
    if (most == 0) {
      return idleUntil(deadline, seen -> seen.stopped() || seen.broken());
    }
    if (stream.fill(most, 0)) {
      return Optional.empty();
    }
    long leftMs = Math.ceilDiv(deadline - System.nanoTime(), 1_000_000);
    if (leftMs <= 0) {
      return Optional.of(IDLE);
    }
    if (!stream.fill(most, (int) Math.min(leftMs, POLL_MS)) && phase == Phase.DEVICES) {
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

  private Optional<Event> read(long deadline) throws DcmException {
    if (mayStop || stopAllowed) {
      phase = Phase.STOPPED;
      long stoppedAtNs = watch.seen().stoppedAtNs();
      return Optional.of(
          new Event.Stopped(deviceState, stoppedAtNs == 0 ? ramEndedAtNs : stoppedAtNs));
    }
    if (!StreamTail.ran(deviceState)) {
      // Its operator had paused it: standing still is no harm to it.
      return idleUntil(deadline, MigrationWatch.Seen::broken);
    }
    // It slipped through while it was to be held back: it runs on, and all begins anew.
    rejections++;
    run.stop(true);
    if (rejections < MOST_REJECTIONS) {
      restart();
    } else {
      forgetStream();
      phase = Phase.WAITING;
    }
    return Optional.empty();
  }

  private Optional<Event> replay() throws DcmException {
    Optional<Event> event = pageReplay.next();
    if (event.isEmpty()) {
      phase = Phase.READ;
      return Optional.of(new Event.PassEnded(1, 0));
    }
    return event;
  }

  private void restart() throws DcmException {
    forgetStream();
    run.setDowntime(mayStop ? downtimeLimit : AT_ONCE);
    StreamRecord.Setup setup = run.start();
    if (!setup.geometry().equals(metadata.geometry())) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "the guest's RAM blocks changed in mid-migration; do not plug memory or devices then");
    }
    phase = Phase.PAGES;
  }

  private void forgetStream() {
    unused = Optional.empty();
    pages.clear();
    policy = new HoldPolicy(metadata.geometry());
    stopAllowed = false;
    deviceState = new byte[0];
  }

  /** Asks over the migration's connection, as QEMU has only this one. */
  Guest.Info info(Question question) throws DcmException {
    return question.ask(qmp);
  }

  /** Something to be asked of QEMU. */
  interface Question {
    Guest.Info ask(Qmp qmp) throws DcmException;
  }

  @Override
  public void read(int block, long firstPage, int pageCount, MemorySegment into)
      throws DcmException {
    memory.read(block, firstPage, pageCount, into);
  }

  @Override
  public void letStop() throws DcmException {
    busy.lock();
    try {
      mayStop = true;
      if (phase == Phase.PAGES) {
        run.setDowntime(downtimeLimit);
      }
    } finally {
      busy.unlock();
    }
  }

  @Override
  public void holdBack() throws DcmException {
    busy.lock();
    try {
      if (!mayStop) {
        return;
      }
      mayStop = false;
      rejections = 0;
      if (phase != Phase.PAGES || watch.seen().stopped()) {
        stopAllowed = phase != Phase.WAITING;
        return;
      }
      run.setDowntime(AT_ONCE);
      if (policy.canHold()) {
        return;
      }
      Optional<Long> remaining = run.remainingBytes(HEADROOM);
      if (watch.seen().stopped()) {
        stopAllowed = true;
      } else if (remaining.isPresent()
          && remaining.get() >= HoldPolicy.USUALLY_AHEAD * Geometry.PAGE_BYTES) {
        policy.standStill();
      } else if (remaining.isPresent()) {
        // Too little left to hold it back with: in a new first pass there is enough again.
        run.stop(false);
        restart();
      }
    } finally {
      busy.unlock();
    }
  }

  @Override
  public StoppedGuest seal() throws DcmException {
    busy.lock();
    try {
      require(Phase.STOPPED);
      byte[] sealedState = deviceState;
      try {
        run.hand();
      } catch (DcmException failed) {
        // As after resume(), but for starting the next stream, which can wait until it is wanted.
        mayStop = false;
        phase = Phase.WAITING;
        forgetStream();
        run.stop(false);
        if (StreamTail.ran(sealedState)) {
          QemuGuest.run(qmp, watch);
        }
        throw failed;
      }
      phase = Phase.SEALED;
      // QEMU serves one client at a time, and from now on that is the stopped guest.
      qmp.close();
      guest.released();
      return new SealedGuest(
          guest, Optional.of(memory), StreamTail.ran(sealedState), Optional.of(settings));
    } finally {
      busy.unlock();
    }
  }

  @Override
  public void resume() throws DcmException {
    busy.lock();
    try {
      require(Phase.STOPPED);
      mayStop = false;
      rejections = 0;
      if (StreamTail.ran(deviceState)) {
        run.stop(true);
        restart();
      } else {
        // QEMU would not migrate a second time what stood still in the first: so it stays where it
        // is, and memory, which does not change, is read instead.
        stopAllowed = false;
        pageReplay = new PageReplay(memory, metadata.geometry(), arena);
        phase = Phase.REPLAY;
      }
    } finally {
      busy.unlock();
    }
  }

  private void require(Phase wanted) {
    if (phase != wanted) {
      throw new IllegalStateException("must be " + wanted + ", but is " + phase);
    }
  }

  @Override
  public void close() {
    run.interrupt();
    busy.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (phase != Phase.SEALED) {
        letGuestRun();
        memory.close();
      }
      run.close();
      qmp.close();
      arena.close();
      guest.ended();
    } finally {
      busy.unlock();
    }
  }

  private void letGuestRun() {
    try {
      run.stop(false);
      settings.restore(qmp);
    } catch (DcmException unreachable) {
      // The broken connection lets QEMU run its guest on; whether it does, the guest's info says.
    }
  }
}
