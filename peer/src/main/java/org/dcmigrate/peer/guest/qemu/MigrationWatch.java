package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** What QEMU's events said of the guest, and a way to wait until they say something. */
final class MigrationWatch implements Consumer<Qmp.Event> {
  private static final long LONGEST_PAUSE_MS = 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private Seen seen = new Seen("", 0, 0, 0, false);

  /**
   * A moment's view.
   *
   * @param status of the migration, empty before the first word of it
   * @param passes how often QEMU collected the dirty pages
   * @param stoppedAtNs when the guest stopped, 0 while it was not seen to
   * @param resumedAtNs when the guest ran on last, 0 while it was not seen to
   * @param woken whether somebody asked for attention
   */
  record Seen(String status, long passes, long stoppedAtNs, long resumedAtNs, boolean woken) {
    boolean stopped() {
      return stoppedAtNs != 0;
    }

    boolean broken() {
      return status.equals("failed") || status.equals("cancelled");
    }
  }

  @Override
  public void accept(Qmp.Event event) {
    lock.lock();
    try {
      seen =
          switch (event.name()) {
            case "STOP" ->
                new Seen(seen.status, seen.passes, event.seenAtNs(), seen.resumedAtNs, seen.woken);
            case "RESUME" -> new Seen(seen.status, seen.passes, 0, event.seenAtNs(), seen.woken);
            case "MIGRATION" ->
                new Seen(
                    text(event.data(), "status"),
                    seen.passes,
                    seen.stoppedAtNs,
                    seen.resumedAtNs,
                    seen.woken);
            case "MIGRATION_PASS" ->
                new Seen(
                    seen.status,
                    event.data().get("pass").getAsLong(),
                    seen.stoppedAtNs,
                    seen.resumedAtNs,
                    seen.woken);
            default -> seen;
          };
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Forgets what was seen of an earlier migration. */
  void reset() {
    lock.lock();
    try {
      seen = new Seen("", 0, 0, 0, seen.woken);
    } finally {
      lock.unlock();
    }
  }

  /** Ends all waits, now and later. */
  void wake() {
    lock.lock();
    try {
      seen = new Seen(seen.status, seen.passes, seen.stoppedAtNs, seen.resumedAtNs, true);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  Seen seen() {
    lock.lock();
    try {
      return seen;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the view is as wanted or the time is over or somebody woke it; gives the view. */
  Seen await(Predicate<Seen> wanted, Duration patience) throws DcmException {
    long left = patience.toNanos();
    lock.lock();
    try {
      while (!seen.woken && !wanted.test(seen) && left > 0) {
        left = changed.awaitNanos(left);
      }
      return seen;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(
          Reason.GUEST_FAILED, "interrupted while waiting for QEMU", interrupted);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a word of QEMU; gives an event when the time is over. */
  Optional<Event> idleUntil(long deadlineNs, Predicate<Seen> word) throws DcmException {
    await(word, Duration.ofNanos(deadlineNs - System.nanoTime()));
    return System.nanoTime() >= deadlineNs ? Optional.of(new Event.Idle()) : Optional.empty();
  }

  /**
   * Asks QEMU again and again, at each event and at least every 20 ms, more often at first, until
   * the answer is as wanted. Asking beside listening: the event may have come before anybody
   * listened, and not every change has one.
   *
   * @throws DcmException GUEST_FAILED when the time is over
   */
  JsonObject askUntil(Qmp qmp, String command, Predicate<JsonObject> wanted, Duration patience)
      throws DcmException {
    return ask(qmp, command, view -> wanted.test(view.getAsJsonObject()), patience)
        .getAsJsonObject();
  }

  /** As {@link #askUntil}, for a command that answers with a list. */
  void askAllUntil(Qmp qmp, String command, Predicate<JsonArray> wanted, Duration patience)
      throws DcmException {
    ask(qmp, command, list -> wanted.test(list.getAsJsonArray()), patience);
  }

  private JsonElement ask(Qmp qmp, String command, Predicate<JsonElement> wanted, Duration patience)
      throws DcmException {
    long deadline = System.nanoTime() + patience.toNanos();
    for (long pauseMs = 1; true; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      JsonElement view = qmp.execute(command);
      if (wanted.test(view)) {
        return view;
      }
      if (System.nanoTime() > deadline) {
        throw new DcmException(
            Reason.GUEST_FAILED,
            "QEMU did not get into the state expected within %d s: %s says %s"
                .formatted(patience.toSeconds(), command, brief(view)));
      }
      nextChange(pauseMs);
    }
  }

  /** Waits for the next event of any kind; that it may end early does no harm. */
  @SuppressWarnings("WaitNotInLoop")
  private void nextChange(long mostMs) throws DcmException {
    lock.lock();
    try {
      changed.await(mostMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(
          Reason.GUEST_FAILED, "interrupted while waiting for QEMU", interrupted);
    } finally {
      lock.unlock();
    }
  }

  /** A member of an answer as text, empty where there is none. */
  static String text(JsonObject view, String member) {
    JsonElement value = view.get(member);
    return value == null ? "" : value.getAsString();
  }

  private static String brief(JsonElement view) {
    String status = view instanceof JsonObject one ? text(one, "status") : view.toString();
    return Text.quote(status);
  }
}
