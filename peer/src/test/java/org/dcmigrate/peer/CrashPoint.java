package org.dcmigrate.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One failure at one moment of a migration.
 *
 * @param way how the migration goes
 * @param victim the daemon that the trouble befalls
 * @param late whether the victim comes back, or the link is mended, only when the others have done
 *     what they can without it
 * @param cut the link of the victim that is cut
 */
record CrashPoint(Way way, String victim, Trouble trouble, boolean late, Optional<Cut> cut) {
  /**
   * A link that is cut.
   *
   * @param other its other end
   */
  record Cut(String other, Sort sort) {
    /** What becomes of it. */
    enum Sort {
      /** Connections end, and none comes to be. */
      CLOSED("cut"),
      /** Nothing gets through, and nobody is told. */
      SILENT("silence"),
      /** Nothing gets through from the victim. */
      ONE_WAY("one way silence");

      private final String words;

      Sort(String words) {
        this.words = words;
      }
    }
  }

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
          "seat Accept 2",
          "source Ended");
  private static final List<String> OLD_DESTINATION =
      List.of(
          "holder OpenedAs 1",
          "holder Retired 2",
          "seat Appointed 2",
          "seat Accept 2",
          "seat Dismissed 2",
          "holder Forgot 2");
  private static final List<String> NEW_DESTINATION =
      List.of(
          "holder OpenedAs 2",
          "holder PreparedWith 2",
          "holder GrantedWith 2",
          "holder OwnedWith 2");

  /**
   * Who may have the guest in the end. Before the grant is on disk, nobody but the source; from the
   * first record of a vote for the destination on, nobody but that; in between, either.
   */
  Set<String> owners() {
    String destination = way == Way.REDIRECT ? "c" : "b";
    String record = trouble.record().split(" ", -1)[1];
    boolean kill = trouble.kind() == Trouble.Kind.KILL;
    return switch (record) {
      case "AttemptOpened", "WitnessAsked" -> kill ? Set.of("a") : Set.of("a", destination);
      case "Granted" ->
          kill && trouble.moment() == Trouble.Moment.BEFORE
              ? Set.of("a")
              : Set.of("a", destination);
      // Without the first destination the operator may redirect what is parked.
      case "OpenedAs", "PreparedWith" ->
          victim.equals(destination) ? Set.of("a", "b") : Set.of("a", destination);
      case "GrantedWith" -> Set.of("a", destination);
      case "Ended", "Accept", "Appointed", "Dismissed", "OwnedWith", "Retired", "Forgot" ->
          Set.of(destination);
      default -> throw new IllegalStateException("who has the guest after " + record + "?");
    };
  }

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
        for (String event : List.of("Appointed", "Accept", "Dismissed")) {
          points.add(kill(Way.WITNESSED, "c", "seat " + event + " 1", moment, late));
        }
      }
    }
    points.add(stop(Way.REDIRECT, "a", "source AttemptOpened 2"));
    points.add(stop(Way.REDIRECT, "a", "source Granted 2"));
    points.add(stop(Way.REDIRECT, "b", "holder Retired 2"));
    points.add(stop(Way.REDIRECT, "b", "seat Accept 2"));
    points.add(stop(Way.REDIRECT, "c", "holder PreparedWith 2"));
    points.add(stop(Way.REDIRECT, "c", "holder GrantedWith 2"));
    points.add(stop(Way.REDIRECT, "c", "holder OwnedWith 2"));
    points.add(stop(Way.WITNESSED, "c", "seat Accept 1"));
    points.add(cut("a", "source Granted 2", "b"));
    points.add(cut("a", "source Granted 2", "c"));
    points.add(cut("c", "holder GrantedWith 2", "a"));
    points.add(cut("c", "holder GrantedWith 2", "b"));
    points.add(cut("c", "holder OwnedWith 2", "a"));
    points.add(cut("b", "holder Retired 2", "c"));
    for (Cut.Sort sort : List.of(Cut.Sort.SILENT, Cut.Sort.ONE_WAY)) {
      points.add(cut("a", "source Granted 2", "c", sort));
      points.add(cut("c", "holder GrantedWith 2", "a", sort));
      points.add(cut("c", "holder OwnedWith 2", "a", sort));
      points.add(cut("b", "holder Retired 2", "c", sort));
    }
    return List.copyOf(points);
  }

  /** Some of every sort: each role, each decisive record, each kind of trouble. */
  static List<CrashPoint> representative() {
    List<CrashPoint> points = new ArrayList<>();
    for (Trouble.Moment moment : Trouble.Moment.values()) {
      points.add(kill(Way.REDIRECT, "a", "source AttemptOpened 2", moment, false));
      points.add(kill(Way.REDIRECT, "a", "source Granted 2", moment, true));
      points.add(kill(Way.REDIRECT, "a", "seat Accept 2", moment, true));
      points.add(kill(Way.REDIRECT, "a", "source Ended", moment, false));
      points.add(kill(Way.REDIRECT, "b", "holder Retired 2", moment, true));
      points.add(kill(Way.REDIRECT, "b", "seat Accept 2", moment, true));
      points.add(kill(Way.REDIRECT, "c", "holder PreparedWith 2", moment, false));
      points.add(kill(Way.REDIRECT, "c", "holder GrantedWith 2", moment, true));
      points.add(kill(Way.REDIRECT, "c", "holder OwnedWith 2", moment, false));
    }
    points.add(kill(Way.WITNESSED, "b", "holder GrantedWith 1", Trouble.Moment.AFTER, true));
    points.add(kill(Way.WITNESSED, "c", "seat Accept 1", Trouble.Moment.AFTER, true));
    points.add(stop(Way.REDIRECT, "a", "source Granted 2"));
    points.add(stop(Way.REDIRECT, "c", "holder GrantedWith 2"));
    points.add(cut("a", "source Granted 2", "c"));
    points.add(cut("c", "holder GrantedWith 2", "a"));
    points.add(cut("a", "source Granted 2", "c", Cut.Sort.SILENT));
    points.add(cut("c", "holder OwnedWith 2", "a", Cut.Sort.ONE_WAY));
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

  private static CrashPoint cut(String victim, String record, String other) {
    return cut(victim, record, other, Cut.Sort.CLOSED);
  }

  private static CrashPoint cut(String victim, String record, String other, Cut.Sort sort) {
    Trouble trouble = new Trouble(Trouble.Kind.HOLD, record, Trouble.Moment.AFTER);
    Optional<Cut> cut = Optional.of(new Cut(other, sort));
    return new CrashPoint(Way.REDIRECT, victim, trouble, true, cut);
  }

  @Override
  public String toString() {
    String what =
        cut.map(
                link ->
                    "%s %s-%s after %s"
                        .formatted(link.sort().words, victim, link.other(), trouble.record()))
            .orElseGet(() -> victim + ": " + trouble.words());
    return way.words + ": " + what + (late ? ", back late" : ", back at once");
  }
}
