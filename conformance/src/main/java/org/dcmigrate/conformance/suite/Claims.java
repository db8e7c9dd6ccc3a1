package org.dcmigrate.conformance.suite;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the target claims to be.
 *
 * @param levels by role, the level up to which it claims to conform, 1 to 4
 */
public record Claims(Map<String, Integer> levels) {
  private static final int HIGHEST = 4;

  /** The roles there are. */
  public static final List<String> ROLES =
      List.of("source", "destination", "contributor", "witness");

  /** Everything, which a peer is taken for that claims nothing. */
  public static final Claims ALL =
      new Claims(
          Map.of(
              "source",
              HIGHEST,
              "destination",
              HIGHEST,
              "contributor",
              HIGHEST,
              "witness",
              HIGHEST));

  public Claims {
    levels = Map.copyOf(levels);
  }

  /** The level that it claims in a role; 0: none. */
  public int level(String role) {
    return levels.getOrDefault(role, 0);
  }

  /** Why a case does not apply, if it does not. */
  public Optional<String> objection(Case to) {
    String role = Selection.role(to);
    if (!ROLES.contains(role)) {
      return Optional.empty();
    }
    int claimed = level(role);
    if (claimed == 0) {
      return Optional.of("the target does not claim the role " + role);
    }
    return Selection.levelOfClauses(to) > claimed
        ? Optional.of("the target claims level L%d as %s".formatted(claimed, role))
        : Optional.empty();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(levels)
        .forEach(
            (role, level) ->
                text.append(text.isEmpty() ? "" : ", ").append(role).append(" L").append(level));
    return text.toString();
  }
}
