package org.dcmigrate.peer.holder;

import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;

/**
 * How long an owned guest that could not be resumed stands still before that is tried again: longer
 * each time, up to a bound. Changed under the holder's lock; whoever only looks does without.
 */
final class Standstill {
  private static final long FIRST_NS = Duration.ofSeconds(1).toNanos();
  private static final long LONGEST_NS = Duration.ofSeconds(60).toNanos();

  private record Wait(Failure why, long sinceNs, long lengthNs) {}

  private volatile Optional<Wait> wait = Optional.empty();

  /** It was tried in vain. */
  void begin(Failure why, long nowNs) {
    long lengthNs = wait.map(before -> 2 * before.lengthNs()).orElse(FIRST_NS);
    wait = Optional.of(new Wait(why, nowNs, Math.min(lengthNs, LONGEST_NS)));
  }

  /** The guest runs. */
  void end() {
    wait = Optional.empty();
  }

  /** Whether it is time to try again. */
  boolean isOver(long nowNs) {
    return wait.stream().anyMatch(now -> nowNs - now.sinceNs() >= now.lengthNs());
  }

  /** Why the guest stands still, if it does. */
  Optional<Failure> why() {
    return wait.map(Wait::why);
  }

  /** Whether the guest stood still for another reason before, or not at all. */
  boolean isNew(Failure failure) {
    return !why().equals(Optional.of(failure));
  }
}
