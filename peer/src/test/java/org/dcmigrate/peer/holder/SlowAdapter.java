package org.dcmigrate.peer.holder;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;

/** Guests whose steps a test holds up for as long as it wants. */
final class SlowAdapter implements GuestAdapter {
  /** What can be held up. */
  enum Step {
    PREPARE,
    RESUME,
    DISCARD
  }

  private static final long PATIENCE_S = 20;

  private final Map<Step, CountDownLatch> reached = new EnumMap<>(Step.class);
  private final CountDownLatch go = new CountDownLatch(1);
  private final AtomicInteger busy = new AtomicInteger();
  private final AtomicInteger resumptions = new AtomicInteger();
  private volatile Optional<Step> heldUp = Optional.empty();
  private volatile boolean runs = true;
  private volatile boolean fails;
  private volatile boolean found;

  SlowAdapter() {
    for (Step step : Step.values()) {
      reached.put(step, new CountDownLatch(1));
    }
  }

  void holdUp(Step step) {
    heldUp = Optional.of(step);
  }

  void letGo() {
    go.countDown();
  }

  void neverRun() {
    runs = false;
  }

  void failToResume(boolean failing) {
    fails = failing;
  }

  void letBeFound() {
    found = true;
  }

  int resumptions() {
    return resumptions.get();
  }

  void awaitReached(Step step) throws InterruptedException {
    if (!reached.getOrDefault(step, go).await(PATIENCE_S, TimeUnit.SECONDS)) {
      throw new AssertionError(step + " is not reached");
    }
  }

  /** Waits until no step is at work. */
  void awaitIdle() {
    while (busy.get() > 0) {
      LockSupport.parkNanos(100_000);
    }
  }

  private void step(Step step) {
    busy.incrementAndGet();
    try {
      reached.getOrDefault(step, go).countDown();
      if (heldUp.equals(Optional.of(step)) && !go.await(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new AssertionError("nobody lets go of " + step);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      busy.decrementAndGet();
    }
  }

  @Override
  public String kind() {
    return "slow";
  }

  @Override
  public GuestShell prepare(String guestName, GuestMetadata metadata, GuestHome home) {
    step(Step.PREPARE);
    return new Shell(guestName);
  }

  @Override
  public Guest recover(String guestName, GuestHome home, boolean resume) throws DcmException {
    if (found) {
      return new Arrived(guestName);
    }
    throw new DcmException(Reason.GUEST_FAILED, "it is gone");
  }

  @Override
  public GuestShell find(String guestName, GuestHome home) throws DcmException {
    throw new DcmException(Reason.GUEST_FAILED, "it is gone");
  }

  @Override
  public void discardOrphan(GuestHome home) {}

  private final class Shell implements GuestShell {
    private final String name;

    Shell(String name) {
      this.name = name;
    }

    @Override
    public void load(byte[] deviceState) {}

    @Override
    public Resumption resume() throws DcmException {
      resumptions.incrementAndGet();
      step(Step.RESUME);
      if (fails) {
        throw new DcmException(Reason.GUEST_FAILED, "its disk is locked");
      }
      return runs
          ? new Resumption.Done(new Arrived(name))
          : new Resumption.NeverRan(new Failure(Reason.GUEST_FAILED, "it does not resume"));
    }

    @Override
    public void discard() {
      step(Step.DISCARD);
    }
  }

  private record Arrived(String name) implements Guest {
    @Override
    public Info info() {
      return new Info("slow", State.RUNNING, 0, Map.of());
    }

    @Override
    public GuestSource beginMigration(Duration downtimeLimit) {
      throw new AssertionError("it stays");
    }

    @Override
    public StoppedGuest recover(boolean paused) {
      throw new AssertionError("it runs");
    }
  }
}
