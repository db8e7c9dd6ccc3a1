package org.dcmigrate.peer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    REDIRECT("redirect", "c"),
    /** Not redirected; c is the witness. */
    WITNESSED("plain, witness", "b"),
    /**
     * As WITNESSED, and b is killed with the grant on disk and stays away to the end: a ballot of
     * the source decides.
     */
    BALLOT("ballot without b", "a"),
    /** A second migration takes the guest on from b to c, with a as the witness. */
    SECOND_HOP("second hop", "c");

    private final String words;
    private final String destination;

    Way(String words, String destination) {
      this.words = words;
      this.destination = destination;
    }

    /** The source of the migration that the trouble is in. */
    String source() {
      return this == SECOND_HOP ? "b" : "a";
    }
  }

  /** What the pages that flow when a link is cut are for. */
  static final String TRANSFER = "pages Transfer";

  static final String RELAY = "pages Relay";

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
    String destination = way.destination;
    String record = trouble.record().split(" ", -1)[1];
    boolean kill = trouble.kind() == Trouble.Kind.KILL;
    return switch (record) {
      // Whoever is cut off may be left out by the operator.
      case "Transfer" -> Set.of("a", "b", "c");
      case "Relay" -> victim.equals("b") ? Set.of(destination) : Set.of("a", "b", "c");
      case "AttemptOpened", "WitnessAsked" ->
          kill ? Set.of("a") : cut.isPresent() ? Set.of("a", "b", "c") : Set.of("a", destination);
      case "Granted" ->
          kill && trouble.moment() == Trouble.Moment.BEFORE
              ? Set.of("a")
              : Set.of("a", destination);
      // Without the first destination the operator may redirect what is parked.
      case "OpenedAs", "PreparedWith" ->
          cut.isPresent()
              ? Set.of("a", "b", "c")
              : victim.equals(destination) ? Set.of("a", "b") : Set.of("a", destination);
      case "GrantedWith" -> Set.of("a", destination);
      case "Accept",
          "Appointed",
          "Decided",
          "Dismissed",
          "Ended",
          "Forgot",
          "GuestLeft",
          "OwnedWith",
          "Promise",
          "Retired" ->
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
        for (String record : List.of("holder GuestLeft 1", "source Ended")) {
          points.add(kill(Way.SECOND_HOP, "b", record, moment, late));
        }
      }
    }
    for (Trouble.Moment moment : Trouble.Moment.values()) {
      for (String record : List.of("seat Promise 1", "seat Accept 1", "source Decided 1")) {
        points.add(kill(Way.BALLOT, "a", record, moment, false));
      }
      for (String record : List.of("seat Promise 1", "seat Accept 1")) {
        points.add(kill(Way.BALLOT, "c", record, moment, false));
      }
    }
    points.add(stop(Way.REDIRECT, "a", "source AttemptOpened 2"));
    points.add(stop(Way.REDIRECT, "a", "source Granted 2"));
    points.add(stop(Way.REDIRECT, "b", "holder Retired 2"));
    points.add(stop(Way.REDIRECT, "b", "seat Accept 2"));
    points.add(stop(Way.REDIRECT, "c", "holder PreparedWith 2"));
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
    for (Cut.Sort sort : Cut.Sort.values()) {
      // Open and its answer, of the first destination and of the redirect.
      points.add(cut("a", "source AttemptOpened 1", "b", sort));
      points.add(cut("b", "holder OpenedAs 1", "a", sort));
      points.add(cut("a", "source AttemptOpened 2", "c", sort));
      points.add(cut("c", "holder OpenedAs 2", "a", sort));
      points.add(cut("b", "holder Retired 2", "a", sort));
      points.add(cut("c", "holder PreparedWith 2", "a", sort));
      points.add(flowing(Way.WITNESSED, "a", TRANSFER, "b", sort));
      points.add(flowing(Way.WITNESSED, "b", TRANSFER, "a", sort));
      points.add(flowing(Way.REDIRECT, "b", RELAY, "c", sort));
      points.add(flowing(Way.REDIRECT, "c", RELAY, "b", sort));
      points.add(flowing(Way.REDIRECT, "a", RELAY, "c", sort));
    }
    return List.copyOf(points);
  }

  /** Some of every sort: each role, each decisive record, each kind of trouble. */
  static List<CrashPoint> representative() {
    List<CrashPoint> points = new ArrayList<>();
    Trouble.Moment before = Trouble.Moment.BEFORE;
    Trouble.Moment after = Trouble.Moment.AFTER;
    for (Trouble.Moment moment : Trouble.Moment.values()) {
      points.add(kill(Way.REDIRECT, "a", "source Granted 2", moment, true));
      points.add(kill(Way.REDIRECT, "c", "holder GrantedWith 2", moment, true));
      points.add(kill(Way.REDIRECT, "c", "holder OwnedWith 2", moment, false));
      points.add(kill(Way.BALLOT, "a", "source Decided 1", moment, false));
    }
    points.add(kill(Way.REDIRECT, "a", "source AttemptOpened 2", after, false));
    points.add(kill(Way.REDIRECT, "a", "source Ended", after, false));
    points.add(kill(Way.REDIRECT, "b", "seat Accept 2", after, true));
    points.add(kill(Way.REDIRECT, "c", "holder PreparedWith 2", before, false));
    points.add(kill(Way.WITNESSED, "b", "holder GrantedWith 1", after, true));
    points.add(kill(Way.BALLOT, "a", "seat Promise 1", after, false));
    points.add(kill(Way.BALLOT, "c", "seat Promise 1", before, false));
    points.add(kill(Way.BALLOT, "c", "seat Accept 1", after, false));
    points.add(kill(Way.SECOND_HOP, "b", "holder GuestLeft 1", after, false));
    points.add(stop(Way.REDIRECT, "a", "source Granted 2"));
    points.add(cut("a", "source Granted 2", "c", Cut.Sort.SILENT));
    points.add(cut("c", "holder OpenedAs 2", "a", Cut.Sort.ONE_WAY));
    points.add(cut("b", "holder Retired 2", "a", Cut.Sort.SILENT));
    points.add(flowing(Way.WITNESSED, "a", TRANSFER, "b", Cut.Sort.CLOSED));
    points.add(flowing(Way.REDIRECT, "b", RELAY, "c", Cut.Sort.ONE_WAY));
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

  private static CrashPoint flowing(
      Way way, String victim, String pages, String other, Cut.Sort sort) {
    Trouble trouble = new Trouble(Trouble.Kind.NONE, pages, Trouble.Moment.AFTER);
    return new CrashPoint(way, victim, trouble, true, Optional.of(new Cut(other, sort)));
  }

  /** By name, what befalls the daemons at their records. */
  Map<String, Trouble> troubles() {
    Map<String, Trouble> troubles = new HashMap<>();
    if (trouble.kind() != Trouble.Kind.NONE) {
      troubles.put(victim, trouble);
    }
    if (way == Way.BALLOT) {
      troubles.put(
          "b", new Trouble(Trouble.Kind.KILL, "holder GrantedWith 1", Trouble.Moment.AFTER));
    }
    return troubles;
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
