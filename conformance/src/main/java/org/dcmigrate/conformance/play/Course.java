package org.dcmigrate.conformance.play;

import com.google.protobuf.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What came to the played peers and what they said, all of them in one order. A case looks at it
 * and waits for it; nothing in it changes any more.
 */
public final class Course {
  private final List<Event> events = new ArrayList<>();
  private Transcript transcript = new Transcript();

  /**
   * One message, or the end of a call.
   *
   * @param number from 0
   * @param atNs of the clock that only goes on
   * @param peer name of the played peer
   * @param step the method; of streams with several kinds of messages, method and kind, e.g. {@code
   *     Switchover.COMMIT}
   * @param call number of the call, from 1
   * @param message without the payload of pages
   */
  public record Event(
      int number, long atNs, String peer, String step, Kind kind, long call, Message message) {
    /** Whether a message of this step came to this peer. */
    public boolean came(PlayedPeer to, String ofStep) {
      return kind == Kind.CAME && peer.equals(to.name()) && step.equals(ofStep);
    }

    /** The message as what it is. */
    public <M extends Message> M as(Class<M> type) {
      return type.cast(message);
    }
  }

  /** What an event is. */
  public enum Kind {
    /** A message from the target. */
    CAME,
    /** A message to the target. */
    WENT,
    /** The target broke the call off. */
    BROKEN_OFF,
    /** The call ended as the played peer wanted. */
    ENDED
  }

  /** Begins anew, and tells the transcript what happens. */
  synchronized void begin(Transcript told) {
    events.clear();
    transcript = told;
  }

  synchronized void add(String peer, String step, Kind kind, long call, Message message) {
    events.add(new Event(events.size(), System.nanoTime(), peer, step, kind, call, message));
    String method = peer + " " + step;
    switch (kind) {
      case CAME -> transcript.received(method, message);
      case WENT -> transcript.sent(method, message);
      case BROKEN_OFF -> transcript.note(method, "broken off by the target");
      case ENDED -> transcript.note(method, "ended");
    }
    notifyAll();
  }

  /** Notes what the case itself does, so that it stands in its place. */
  synchronized void note(String who, String what) {
    transcript.note(who, what);
  }

  /** All events so far. */
  public synchronized List<Event> events() {
    return List.copyOf(events);
  }

  /** Those that are meant. */
  public List<Event> events(Predicate<Event> which) {
    return events().stream().filter(which).toList();
  }

  /** The first that is meant. */
  public Optional<Event> first(Predicate<Event> which) {
    return events().stream().filter(which).findFirst();
  }

  /** Waits until the first that is meant has happened; it may have before. */
  public Event await(String what, Duration patience, Predicate<Event> which) {
    return await(what, patience, which, 1);
  }

  /** Waits until so many that are meant have happened; gives the last of them. */
  public synchronized Event await(
      String what, Duration patience, Predicate<Event> which, int times) {
    long deadlineNs = System.nanoTime() + patience.toNanos();
    int seen = 0;
    int from = 0;
    while (true) {
      for (; from < events.size(); from++) {
        if (which.test(events.get(from)) && ++seen == times) {
          return events.get(from);
        }
      }
      long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
      Expect.that(
          what,
          leftMs > 0,
          "within " + patience.toMillis() + " ms",
          seen == 0 ? "not at all" : seen + " of " + times);
      try {
        wait(leftMs);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("the tester was interrupted", interrupted);
      }
    }
  }
}
