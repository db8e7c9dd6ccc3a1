package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.dcmigrate.protocol.trace.Fact;
import org.dcmigrate.protocol.trace.Role;
import org.dcmigrate.protocol.trace.Tables;
import org.dcmigrate.protocol.trace.TraceCheck;
import org.dcmigrate.protocol.trace.TraceCheck.Located;
import org.dcmigrate.protocol.trace.TraceEvent;
import org.dcmigrate.protocol.trace.Transition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A sound trace of a redirect in which the old destination is the witness, broken in one place at a
 * time: each break is found, and the clause named.
 */
class BrokenTraceTest {
  private final World world = new World(16, true, "A", "B");
  private List<Located> sound = List.of();

  /** How to break the trace, and the clause that is to be cited. */
  record Break(String name, String clause, UnaryOperator<List<Located>> how) {
    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeEach
  void redirect() {
    world.migrate("A");
    world.runFor(8);
    world.redirect("B");
    world.runWhile(() -> !world.hasEnded(), 5_000);
    // The witness hears of the end.
    world.runFor(50);
    sound = world.trace();
  }

  @Test
  void theWholeTraceIsSound() {
    assertThat(sound).hasSizeGreaterThan(30);
    assertThat(TraceCheck.check(sound, Tables.published())).isEmpty();
    assertThat(sound.stream().map(at -> at.event().transition().role()).distinct())
        .containsExactlyInAnyOrder(Role.values());
  }

  @Test
  void partsAreSound() {
    for (String peer : List.of("S", "A", "B")) {
      List<Located> part = sound.stream().filter(at -> at.event().peer().equals(peer)).toList();
      assertThat(part).isNotEmpty();
      assertThat(TraceCheck.check(part, Tables.published())).isEmpty();
    }
  }

  static Stream<Break> breaks() {
    return Stream.of(
        new Break(
            "an event is lost", "DCM-STA-002", all -> without(all, Role.HOLDER, "PrepareArrived")),
        new Break(
            "two events have changed places",
            "DCM-STA-002",
            all -> {
              List<Located> changed = new ArrayList<>(all);
              int at = indexOf(all, Role.HOLDER, "PrepareArrived");
              int next = at + 1;
              while (!all.get(next).event().peer().equals(all.get(at).event().peer())) {
                next++;
              }
              changed.set(at, all.get(next));
              changed.set(next, all.get(at));
              return changed;
            }),
        new Break(
            "a step that no table has",
            "DCM-STA-002",
            all ->
                with(all, Role.HOLDER, "Verified", step -> change(step, "Owned", step.outputs()))),
        new Break(
            "an input that changes nothing changes something",
            "DCM-STA-002",
            all -> with(all, Role.HOLDER, "Verified", step -> renamed(step, "Answered"))),
        new Break(
            "a record is not written",
            "DCM-DSK-001",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "GuestSealed",
                    step -> change(step, step.next(), List.of("Commit")))),
        new Break(
            "an older epoch comes back",
            "DCM-STA-001",
            all -> with(all, Role.HOLDER, "RelayAsked", step -> atEpoch(step, 1))),
        new Break(
            "an epoch is tried twice",
            "DCM-RDR-001",
            all -> with(all, Role.SOURCE, "RedirectAsked", step -> atEpoch(step, 1))),
        new Break(
            "the grant was made to another peer",
            "DCM-DSK-001",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "GuestSealed",
                    step -> with(step, Map.of(Fact.DESTINATION, "A", Fact.WITNESS, "A")))),
        new Break(
            "source and destination have the guest",
            "DCM-DSK-004",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "Running",
                    step -> with(step, Map.of(Fact.RESULT, "FAILED", Fact.OWNER, "S")))),
        new Break(
            "completed at a peer that does not own the guest",
            "DCM-SWO-011",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "Running",
                    step -> with(step, Map.of(Fact.RESULT, "COMPLETED", Fact.OWNER, "A")))),
        new Break(
            "a voter accepts both choices in one ballot",
            "DCM-DEC-007",
            all ->
                with(
                    all,
                    Role.VOTER,
                    "Accept",
                    step ->
                        with(
                            step,
                            Map.of(Fact.BALLOT, "0", Fact.CHOICE, "SOURCE", Fact.PROMISED, "0")))),
        new Break(
            "owned without a majority",
            "DCM-DEC-001",
            all ->
                with(
                    all,
                    Role.VOTER,
                    "Accept",
                    step ->
                        with(
                            step,
                            Map.of(Fact.BALLOT, "1", Fact.CHOICE, "SOURCE", Fact.PROMISED, "1")))),
        new Break(
            "a promise is taken back",
            "DCM-DEC-003",
            all ->
                with(all, Role.VOTER, "Seated", step -> with(step, Map.of(Fact.PROMISED, "7")))));
  }

  @ParameterizedTest
  @MethodSource("breaks")
  void aBreakIsFound(Break broken) {
    assertThat(TraceCheck.check(broken.how().apply(sound), Tables.published()))
        .extracting(TraceCheck.Finding::clause)
        .contains(broken.clause());
  }

  // ---- Ways to break a trace.

  private static int indexOf(List<Located> all, Role role, String event) {
    for (int index = 0; index < all.size(); index++) {
      Transition step = all.get(index).event().transition();
      if (step.role() == role && step.event().equals(event)) {
        return index;
      }
    }
    throw new AssertionError("no " + role + " takes " + event);
  }

  private static List<Located> without(List<Located> all, Role role, String event) {
    List<Located> fewer = new ArrayList<>(all);
    fewer.remove(indexOf(all, role, event));
    return fewer;
  }

  /** Every event of this role and kind changed. */
  private static List<Located> with(
      List<Located> all, Role role, String event, UnaryOperator<Transition> change) {
    indexOf(all, role, event);
    return all.stream()
        .map(
            at -> {
              TraceEvent old = at.event();
              Transition step = old.transition();
              boolean hit = step.role() == role && step.event().equals(event);
              return new Located(
                  at.where(),
                  new TraceEvent(
                      old.time(),
                      old.peer(),
                      old.life(),
                      old.number(),
                      old.migration(),
                      hit ? change.apply(step) : step));
            })
        .toList();
  }

  private static Transition change(Transition step, String next, List<String> outputs) {
    return new Transition(
        step.role(),
        step.epoch(),
        step.state(),
        step.event(),
        next,
        outputs,
        step.clause(),
        step.facts(),
        true);
  }

  private static Transition renamed(Transition step, String event) {
    return new Transition(
        step.role(),
        step.epoch(),
        step.state(),
        event,
        step.next(),
        step.outputs(),
        step.clause(),
        step.facts(),
        true);
  }

  private static Transition atEpoch(Transition step, long epoch) {
    return new Transition(
        step.role(),
        epoch,
        step.state(),
        step.event(),
        step.next(),
        step.outputs(),
        step.clause(),
        step.facts(),
        true);
  }

  private static Transition with(Transition step, Map<Fact, String> facts) {
    Map<Fact, String> changed = new EnumMap<>(Fact.class);
    changed.putAll(step.facts());
    changed.putAll(facts);
    return new Transition(
        step.role(),
        step.epoch(),
        step.state(),
        step.event(),
        step.next(),
        step.outputs(),
        step.clause(),
        changed,
        true);
  }
}
