package org.dcmigrate.conformance.suite;

import java.util.List;
import org.dcmigrate.conformance.play.Trial;

/**
 * One case.
 *
 * @param name {@code area/role/name}; never changed once published
 * @param purpose one line
 * @param references clauses of the specification that it checks
 * @param commits whether it gives a guest to the target, which then runs there
 * @param body what is done; throws where the target fails
 */
public record Case(
    String name, String purpose, List<String> references, boolean commits, Body body) {
  public Case {
    references = List.copyOf(references);
    if (!name.matches("[a-z]+/[a-z]+/[a-z0-9-]+")) {
      throw new IllegalArgumentException("a case is named area/role/name, not " + name);
    }
  }

  /** What a case does. */
  @FunctionalInterface
  public interface Body {
    void run(Trial trial);
  }

  /** A case that leaves no guest behind. */
  public static Case of(String name, String purpose, String references, Body body) {
    return new Case(name, purpose, List.of(references.split(" ")), false, body);
  }

  /** A case that gives the guest to the target. */
  public static Case committing(String name, String purpose, String references, Body body) {
    return new Case(name, purpose, List.of(references.split(" ")), true, body);
  }
}
