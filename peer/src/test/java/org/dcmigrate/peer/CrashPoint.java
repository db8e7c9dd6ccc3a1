package org.dcmigrate.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One failure at one moment of a migration.
 *
 * @param way how the migration goes
 * @param victim the daemon that the trouble befalls
 * @param late whether the victim comes back, or the link is mended, only when the others have done
 *     what they can without it
 * @param cutFrom where a link of the victim is cut: the other end
 */
record CrashPoint(Way way, String victim, Trouble trouble, boolean late, Optional<String> cutFrom) {
  /** From a to b, and on. */
  enum Way {
    /** Redirected to c in the middle; b becomes contributor and witness. */
    REDIRECT("redirect"),
    /** Not redirected; c is the witness. */
    WITNESSED("plain, witness");

    private final String words;

    Way(String words) {
      this.words = words;
    }
  }

  private static final List<String> SOURCE =
      List.of(
          "source AttemptOpened 1",
          "source AttemptOpened 2",
          "source WitnessAsked 2",
          "source Granted 2",
          "seat 2",
          "source Ended");
  private static final List<String> OLD_DESTINATION =
      List.of("holder OpenedAs 1", "holder Retired 2", "seat 2", "holder Forgot 2");
  private static final List<String> NEW_DESTINATION =
      List.of(
          "holder OpenedAs 2",
          "holder PreparedWith 2",
          "holder GrantedWith 2",
          "holder OwnedWith 2");

  /** All of them. */
  static List<CrashPoint> all() {
    List<CrashPoint> points = new ArrayList<>();
    for (boolean late : List.of(false, true)) {
      for (Trouble.Moment moment : Trouble.Moment.values()) {
        SOURCE.forEach(record -> points.add(kill(Way.REDIRECT, "a", record, moment, late)));
        OLD_DESTINATION.forEach(
            record -> points.add(kill(Way.REDIRECT, "b", record, moment, late)));
        NEW_DESTINATION.forEach(
            record -> points.add(kill(Way.REDIRECT, "c", record, moment, late)));
        points.add(kill(Way.WITNESSED, "a", "source Granted 1", moment, late));
        points.add(kill(Way.WITNESSED, "b", "holder GrantedWith 1", moment, late));
        points.add(kill(Way.WITNESSED, "c", "seat 1", moment, late));
      }
    }
    points.add(stop(Way.REDIRECT, "a", "source AttemptOpened 2"));
    points.add(stop(Way.REDIRECT, "a", "source Granted 2"));
    points.add(stop(Way.REDIRECT, "b", "holder Retired 2"));
    points.add(stop(Way.REDIRECT, "b", "seat 2"));
    points.add(stop(Way.REDIRECT, "c", "holder PreparedWith 2"));
    points.add(stop(Way.REDIRECT, "c", "holder GrantedWith 2"));
    points.add(stop(Way.REDIRECT, "c", "holder OwnedWith 2"));
    points.add(stop(Way.WITNESSED, "c", "seat 1"));
    points.add(cut("a", "source Granted 2", "b"));
    points.add(cut("a", "source Granted 2", "c"));
    points.add(cut("c", "holder GrantedWith 2", "a"));
    points.add(cut("c", "holder GrantedWith 2", "b"));
    points.add(cut("c", "holder OwnedWith 2", "a"));
    points.add(cut("b", "holder Retired 2", "c"));
    return List.copyOf(points);
  }

  /** Some of every sort: each role, each decisive record, each kind of trouble. */
  static List<CrashPoint> representative() {
    List<CrashPoint> points = new ArrayList<>();
    for (Trouble.Moment moment : Trouble.Moment.values()) {
      points.add(kill(Way.REDIRECT, "a", "source AttemptOpened 2", moment, false));
      points.add(kill(Way.REDIRECT, "a", "source Granted 2", moment, true));
      points.add(kill(Way.REDIRECT, "a", "seat 2", moment, true));
      points.add(kill(Way.REDIRECT, "a", "source Ended", moment, false));
      points.add(kill(Way.REDIRECT, "b", "holder Retired 2", moment, true));
      points.add(kill(Way.REDIRECT, "b", "seat 2", moment, true));
      points.add(kill(Way.REDIRECT, "c", "holder PreparedWith 2", moment, false));
      points.add(kill(Way.REDIRECT, "c", "holder GrantedWith 2", moment, true));
      points.add(kill(Way.REDIRECT, "c", "holder OwnedWith 2", moment, false));
    }
    points.add(kill(Way.WITNESSED, "b", "holder GrantedWith 1", Trouble.Moment.AFTER, true));
    points.add(kill(Way.WITNESSED, "c", "seat 1", Trouble.Moment.AFTER, true));
    points.add(stop(Way.REDIRECT, "a", "source Granted 2"));
    points.add(stop(Way.REDIRECT, "c", "holder GrantedWith 2"));
    points.add(cut("a", "source Granted 2", "c"));
    points.add(cut("c", "holder GrantedWith 2", "a"));
    return List.copyOf(points);
  }

  private static CrashPoint kill(
      Way way, String victim, String record, Trouble.Moment moment, boolean late) {
    Trouble trouble = new Trouble(Trouble.Kind.KILL, record, moment);
    return new CrashPoint(way, victim, trouble, late, Optional.empty());
  }

  private static CrashPoint stop(Way way, String victim, String record) {
    Trouble trouble = new Trouble(Trouble.Kind.STOP, record, Trouble.Moment.AFTER);
    return new CrashPoint(way, victim, trouble, true, Optional.empty());
  }

  private static CrashPoint cut(String victim, String record, String from) {
    Trouble trouble = new Trouble(Trouble.Kind.HOLD, record, Trouble.Moment.AFTER);
    return new CrashPoint(Way.REDIRECT, victim, trouble, true, Optional.of(from));
  }

  @Override
  public String toString() {
    String what =
        cutFrom
            .map(other -> "cut %s-%s after %s".formatted(victim, other, trouble.record()))
            .orElseGet(() -> victim + ": " + trouble.words());
    return way.words + ": " + what + (late ? ", back late" : ", back at once");
  }
}
