package org.dcmigrate.conformance.suite;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.dcmigrate.conformance.suite.Clauses.Clause;

/**
 * Which cases to run. Criteria of different kinds must all be met, of one kind any.
 *
 * @param names globs of names
 * @param clauses globs of clauses cited, e.g. {@code DCM-RDR-*}
 * @param roles the second part of names
 * @param levels the lowest and the highest level, if any
 */
public record Selection(
    List<String> names, List<String> clauses, List<String> roles, Levels levels) {
  private static final Set<String> WIRE = Set.of("handshake", "errors", "future");
  private static final String RESTART = "restart";
  private static final int LOSS = 3;

  public Selection {
    names = List.copyOf(names);
    clauses = List.copyOf(clauses);
    roles = List.copyOf(roles);
  }

  /** Levels from the lowest to the highest; 0 to 5. */
  public record Levels(int lowest, int highest) {
    /** All of them. */
    public static final Levels ALL = new Levels(0, 5);

    /**
     * Reads {@code L1} or {@code L0..L2}.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static Levels parse(String text) {
      if (!text.matches("L[0-5](\\.\\.L[0-5])?")) {
        throw new IllegalArgumentException("a level is L1 or L0..L2, not " + text);
      }
      int lowest = text.charAt(1) - '0';
      int highest = text.charAt(text.length() - 1) - '0';
      if (highest < lowest) {
        throw new IllegalArgumentException("no level is in " + text);
      }
      return new Levels(lowest, highest);
    }
  }

  /** The cases it takes. */
  public List<Case> of(List<Case> cases) {
    return cases.stream().filter(this::takes).toList();
  }

  private boolean takes(Case each) {
    int level = level(each);
    return any(names, List.of(each.name()))
        && any(clauses, each.references())
        && (roles.isEmpty() || roles.contains(role(each)))
        && levels.lowest() <= level
        && level <= levels.highest();
  }

  /** The role that a case checks. */
  public static String role(Case each) {
    return each.name().split("/")[1];
  }

  /** The level of a case: that of its clauses, but 3 at least where it restarts the target. */
  public static int level(Case each) {
    int clauses = levelOfClauses(each);
    return area(each).equals(RESTART) ? Math.max(LOSS, clauses) : clauses;
  }

  /**
   * The level from which on a target has to pass a case, however hard it is to run: 0 for areas
   * about the wire (handshake, form of errors, fields of the future) that cite nothing above 1;
   * else the highest of the clauses it cites, 1 where it cites none.
   */
  public static int levelOfClauses(Case each) {
    OptionalInt highest = Clauses.of(each).stream().mapToInt(Clause::level).max();
    return WIRE.contains(area(each)) && highest.orElse(1) <= 1 ? 0 : highest.orElse(1);
  }

  private static String area(Case each) {
    return each.name().split("/")[0];
  }

  private static boolean any(List<String> globs, List<String> texts) {
    return globs.isEmpty()
        || globs.stream().anyMatch(glob -> texts.stream().anyMatch(text -> Glob.fits(glob, text)));
  }
}
