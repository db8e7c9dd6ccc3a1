package org.dcmigrate.protocol.trace;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Checks traces of one or several peers: each machine for itself against the transition tables, and
 * the machines of a migration against one another. What another peer must have done is asked only
 * where there is a trace of that peer. No rule goes by the clocks.
 *
 * <p>The events of one peer come in the order in which they were written; those of several peers in
 * any order.
 */
public final class TraceCheck {
  /** An event, and where it was read. */
  public record Located(String where, TraceEvent event) {}

  /**
   * A rule that is broken.
   *
   * @param clause the clause of SPEC.md that it breaks
   */
  public record Finding(String where, String clause, String sentence) {
    @Override
    public String toString() {
      return where + ": " + clause + ": " + sentence;
    }
  }

  /** A machine; a voter has one for each epoch. */
  private record Machine(String peer, String migration, Role role, long epoch) {
    static Machine of(TraceEvent event) {
      Transition step = event.transition();
      long epoch = step.role() == Role.VOTER ? step.epoch() : 0;
      return new Machine(event.peer(), event.migration(), step.role(), epoch);
    }
  }

  /** What of a migration the events are. */
  public enum Given {
    /** Traces may be missing, or end before others: only what is surely wrong is found. */
    PARTS,
    /** Everything that a peer has told: whatever one builds upon is in another's trace. */
    WHOLE
  }

  private final Tables tables;
  private final Given given;
  private final List<Finding> findings = new ArrayList<>();
  private final Map<String, Located> lastOfLife = new HashMap<>();
  private final Map<Machine, Located> lastOfMachine = new HashMap<>();
  private final Map<String, MigrationCheck> migrations = new LinkedHashMap<>();

  private TraceCheck(Tables tables, Given given) {
    this.tables = tables;
    this.given = given;
  }

  /** What is wrong with these events. */
  public static List<Finding> check(List<Located> events, Tables tables, Given given) {
    TraceCheck check = new TraceCheck(tables, given);
    events.forEach(check::take);
    check.migrations.values().forEach(each -> each.check(check::found));
    return List.copyOf(check.findings);
  }

  private void found(Located at, String clause, String sentence) {
    findings.add(new Finding(at.where(), clause, sentence));
  }

  private void take(Located located) {
    TraceEvent event = located.event();
    number(located, Optional.ofNullable(lastOfLife.put(event.life(), located)));
    Optional<Located> before = Optional.ofNullable(lastOfMachine.put(Machine.of(event), located));
    chain(located, before);
    before.ifPresent(earlier -> epoch(located, earlier));
    table(located);
    migrations
        .computeIfAbsent(event.migration(), id -> new MigrationCheck(given == Given.WHOLE))
        .take(located);
  }

  private void number(Located at, Optional<Located> before) {
    long expected = before.map(earlier -> earlier.event().number() + 1).orElse(1L);
    if (at.event().number() != expected) {
      found(
          at,
          "DCM-STA-002",
          "events are missing or out of order: number %d follows where %d was expected"
              .formatted(at.event().number(), expected));
    }
    if (before.isPresent() && !before.get().event().peer().equals(at.event().peer())) {
      found(at, "DCM-STA-002", "two peers have the same life " + at.event().life());
    }
  }

  private void chain(Located at, Optional<Located> before) {
    Transition step = at.event().transition();
    boolean sameLife = before.isPresent() && before.get().event().life().equals(at.event().life());
    String expected =
        sameLife ? before.orElseThrow().event().transition().next() : Transition.ABSENT;
    // What was forgotten long enough ago may begin anew.
    boolean again = expected.equals("Forgotten") && step.state().equals(Transition.ABSENT);
    if (!step.state().equals(expected) && !again) {
      found(
          at,
          "DCM-STA-002",
          "%s is in %s, but its last step led to %s"
              .formatted(step.role().text(), step.state(), expected));
    }
    boolean recovers = step.event().equals(Transition.RECOVERED);
    if (recovers && (sameLife || !step.state().equals(Transition.ABSENT))) {
      found(at, "DCM-REC-001", "recovers in the middle of a life");
    }
    before
        .filter(earlier -> !sameLife)
        .ifPresent(earlier -> Lives.check(earlier, at, given, this::found));
  }

  private void epoch(Located at, Located before) {
    long was = before.event().transition().epoch();
    if (at.event().transition().role() != Role.SOURCE && at.event().transition().epoch() < was) {
      found(
          at,
          "DCM-STA-001",
          "epoch %d comes after epoch %d".formatted(at.event().transition().epoch(), was));
    }
    vote(at, before);
  }

  /** A promise binds, and so does a vote, until the seat has ended. */
  private void vote(Located at, Located before) {
    if (at.event().transition().next().equals("Ended")) {
      return;
    }
    if (before.event().transition().next().equals("Ended")) {
      found(at, "DCM-DEC-013", "a seat that has ended votes again");
      return;
    }
    for (Fact fact : List.of(Fact.PROMISED, Fact.BALLOT)) {
      long was = number(before, fact).orElse(-1L);
      long now = number(at, fact).orElse(-1L);
      if (now < was) {
        found(
            at,
            "DCM-DEC-003",
            "%s is %s after %d".formatted(fact.text(), now < 0 ? "nothing" : now, was));
      }
    }
  }

  private static Optional<Long> number(Located at, Fact fact) {
    return Optional.ofNullable(at.event().transition().facts().get(fact)).map(Long::parseLong);
  }

  private void table(Located at) {
    Transition step = at.event().transition();
    Set<String> allowed = tables.next(step);
    String cell = step.role().text() + " " + step.state() + ", " + step.event();
    if (allowed.isEmpty()) {
      found(at, "DCM-STA-002", cell + ": nothing may happen in this cell");
      return;
    }
    if (!allowed.contains(step.next())) {
      found(
          at,
          "DCM-STA-002",
          cell + " leads to " + step.next() + "; the table has " + String.join(" or ", allowed));
      return;
    }
    if (!tables.allows(step)) {
      Set<List<String>> possible = tables.outputs(step);
      List<String> done = Tables.done(step);
      boolean recordsDiffer =
          possible.stream().noneMatch(one -> records(one).equals(records(done)));
      boolean recordsFirst = possible.stream().noneMatch(one -> sorted(one).equals(sorted(done)));
      found(
          at,
          recordsDiffer || !recordsFirst ? "DCM-DSK-001" : "DCM-STA-002",
          "%s leads to %s with %s; the table has %s"
              .formatted(
                  cell,
                  step.next(),
                  text(done),
                  possible.stream().map(TraceCheck::text).sorted().collect(joining(" or "))));
    }
  }

  private static List<String> records(List<String> outputs) {
    return outputs.stream().filter(output -> output.startsWith("journal ")).toList();
  }

  private static List<String> sorted(List<String> outputs) {
    return outputs.stream().sorted().toList();
  }

  private static String text(List<String> outputs) {
    return outputs.isEmpty() ? "nothing done" : "(" + String.join(", ", outputs) + ")";
  }
}
