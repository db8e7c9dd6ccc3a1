package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
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
  private static final int MOST_REJECTIONS = 3;
  private static final Duration HEADROOM = Duration.ofMillis(300);
  private static final Duration AT_ONCE = Duration.ofMillis(1);

  private final QemuGuest guest;
  private final Qmp qmp;
  private final MigrationWatch watch;
  private final MigrationSettings settings;
  private final GuestMemory memory;
  private final GuestMetadata metadata;
  private final MigrationRun run;
  private final PageReader reader;
  private final ReentrantLock busy = new ReentrantLock();

  private Duration downtimeLimit;
  private PageReplay replay;
  private Phase phase = Phase.READING;
  private boolean mayStop;
  private boolean stopAllowed;
  private int rejections;
  private boolean closed;

  private enum Phase {
    /** There is no stream; it begins when the guest may stop. */
    WAITING,
    /** There is a stream; once it was read to its end, QEMU waits for a word. */
    READING,
    /** QEMU waits for a word, and pages are given once more. */
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
    this.run = parts.run();
    this.downtimeLimit = downtimeLimit;
    Geometry geometry = metadata.geometry();
    this.reader = new PageReader(run, watch, memory, geometry);
    this.replay = new PageReplay(memory, geometry);
  }

  @Override
  public GuestMetadata metadata() {
    return metadata;
  }

  @Override
  public Event next(Duration patience) throws DcmException {
    busy.lock();
    try {
      long deadlineNs = System.nanoTime() + patience.toNanos();
      while (phase != Phase.SEALED) {
        run.checkHealth();
        Optional<Event> event =
            switch (phase) {
              case WAITING -> waiting(deadlineNs);
              case READING ->
                  reader.deviceState().isPresent()
                      ? ended(reader.deviceState().get(), deadlineNs)
                      : reader.next(deadlineNs, !mayStop);
              case REPLAY -> replaying();
              case STOPPED, SEALED -> idle(deadlineNs);
            };
        if (event.isPresent()) {
          return event.get();
        }
      }
      return new Event.Idle();
    } finally {
      busy.unlock();
    }
  }

  private Optional<Event> idle(long deadlineNs) throws DcmException {
    return watch.idleUntil(deadlineNs, MigrationWatch.Seen::broken);
  }

  private Optional<Event> waiting(long deadlineNs) throws DcmException {
    if (!mayStop) {
      return idle(deadlineNs);
    }
    restart();
    return Optional.empty();
  }

  private Optional<Event> replaying() throws DcmException {
    Optional<Event> event = replay.next();
    if (event.isPresent()) {
      return event;
    }
    phase = Phase.READING;
    return Optional.of(reader.replayed());
  }

  private Optional<Event> ended(byte[] deviceState, long deadlineNs) throws DcmException {
    if (mayStop || stopAllowed) {
      phase = Phase.STOPPED;
      long stoppedAtNs = watch.seen().stoppedAtNs();
      return Optional.of(
          new Event.Stopped(
              deviceState, stoppedAtNs == 0 ? reader.ramEndedAtNs() : stoppedAtNs, reader.ran()));
    }
    if (!reader.ran()) {
      // Its operator had paused it: standing still is no harm to it.
      return idle(deadlineNs);
    }
    // It slipped through while it was to be held back: it runs on, and all begins anew. A guest
    // that slips again and again, or is too small to be held back, gets its stream at the end only.
    rejections++;
    run.stop();
    if (rejections < MOST_REJECTIONS && !reader.policy().isTooSmall()) {
      restart();
    } else {
      reader.reset();
      phase = Phase.WAITING;
    }
    return Optional.empty();
  }

  private void restart() throws DcmException {
    reader.reset();
    stopAllowed = false;
    run.setDowntime(mayStop ? downtimeLimit : AT_ONCE);
    StreamRecord.Setup setup = run.start();
    if (!setup.geometry().equals(metadata.geometry())) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "the guest's RAM blocks changed in mid-migration; do not plug memory or devices then");
    }
    phase = Phase.READING;
  }

  @Override
  public void read(int block, long firstPage, int pageCount, MemorySegment into)
      throws DcmException {
    memory.read(block, firstPage, pageCount, into);
  }

  /** QEMU keeps that to itself until a pass begins. */
  @Override
  public void written(Consumer<Extent> each) {}

  @Override
  public void anotherPass() {}

  @Override
  public void limitDowntime(Duration limit) {
    busy.lock();
    try {
      downtimeLimit = limit;
      if (mayStop && phase == Phase.READING) {
        run.setDowntime(limit);
      }
    } finally {
      busy.unlock();
    }
  }

  @Override
  public OptionalLong dirtyPagesPerSecond() {
    return run.dirtyPagesPerSecond();
  }

  @Override
  public void letStop() throws DcmException {
    busy.lock();
    try {
      mayStop = true;
      if (phase == Phase.READING) {
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
      if (phase != Phase.READING) {
        return;
      }
      if (reader.ramEnded() || watch.seen().stopped()) {
        stopAllowed = true;
        return;
      }
      run.setDowntime(AT_ONCE);
      if (!reader.policy().canHold()) {
        holdInLaterPass();
      }
    } finally {
      busy.unlock();
    }
  }

  private void holdInLaterPass() throws DcmException {
    Optional<Long> remaining = run.remainingBytes(HEADROOM);
    if (watch.seen().stopped()) {
      stopAllowed = true;
    } else if (remaining.isPresent()
        && remaining.get() >= HoldPolicy.USUALLY_AHEAD * Geometry.PAGE_BYTES) {
      reader.policy().standStill();
    } else if (remaining.isPresent()) {
      // Too little left to hold it back with: in a new first pass there is enough again.
      run.stop();
      restart();
    }
  }

  @Override
  public boolean standsStillUnread() {
    if (phase != Phase.READING) {
      return false;
    }
    // One that its operator has paused stands still for that, read or not.
    return reader.ramEnded()
        ? reader.deviceState().isEmpty() || reader.ran()
        : run.hasStoppedGuest();
  }

  @Override
  public StoppedGuest seal() throws DcmException {
    busy.lock();
    try {
      require(Phase.STOPPED);
      boolean ran = reader.ran();
      try {
        // Before it can stand still for good: a restart without a grant sets it running.
        guest.toStart(ran);
        run.hand();
      } catch (DcmException failed) {
        takeBack(ran, failed);
        throw failed;
      }
      phase = Phase.SEALED;
      long pid = qmp.pid();
      // QEMU serves one client at a time, and from now on that is the stopped guest.
      qmp.close();
      guest.released();
      return new SealedGuest(guest, pid, Optional.of(memory), ran, Optional.of(settings));
    } finally {
      busy.unlock();
    }
  }

  /** As after {@link #resume}; but the next stream can wait until it is wanted. */
  private void takeBack(boolean ran, DcmException cause) {
    mayStop = false;
    phase = Phase.WAITING;
    reader.reset();
    try {
      run.stop();
      if (ran) {
        QemuGuest.run(qmp, watch);
      }
      guest.started();
    } catch (DcmException second) {
      cause.addSuppressed(second);
    }
  }

  @Override
  public void resume() throws DcmException {
    busy.lock();
    try {
      require(Phase.STOPPED);
      mayStop = false;
      stopAllowed = false;
      rejections = 0;
      if (reader.ran()) {
        run.stop();
        restart();
      } else {
        // QEMU would not migrate a second time what stood still in the first: so it stays where it
        // is, and memory, which does not change, is read instead.
        replay = new PageReplay(memory, metadata.geometry());
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

  /** Asks over the migration's connection, as QEMU serves no second one meanwhile. */
  Guest.Info info(Question question) throws DcmException {
    return question.ask(qmp);
  }

  /** Something to be asked of QEMU. */
  interface Question {
    Guest.Info ask(Qmp qmp) throws DcmException;
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
      if (run.settingUp()) {
        guest.windDown(this::end);
      } else {
        end();
        guest.ended();
      }
    } finally {
      busy.unlock();
    }
  }

  private void end() {
    if (phase != Phase.SEALED) {
      letGuestRun();
      memory.close();
    }
    run.close();
    qmp.close();
  }

  private void letGuestRun() {
    try {
      if (run.settingUp()) {
        run.giveUp();
      } else {
        run.stop();
      }
      settings.restore(qmp);
    } catch (DcmException unreachable) {
      // The broken connection lets QEMU run its guest on; whether it does, the guest's info says.
    }
  }
}
