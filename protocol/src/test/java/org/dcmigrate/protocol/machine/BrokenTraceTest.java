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
import org.dcmigrate.protocol.trace.TraceCheck.Given;
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
    assertThat(TraceCheck.check(sound, Tables.published(), Given.WHOLE)).isEmpty();
    assertThat(sound.stream().map(at -> at.event().transition().role()).distinct())
        .containsExactlyInAnyOrder(Role.values());
  }

  @Test
  void partsAreSound() {
    for (String peer : List.of("S", "A", "B")) {
      List<Located> part = sound.stream().filter(at -> at.event().peer().equals(peer)).toList();
      assertThat(part).isNotEmpty();
      assertThat(TraceCheck.check(part, Tables.published(), Given.PARTS)).isEmpty();
    }
  }

  /** A trace that was copied before the others, or lost its end, is no reason for a finding. */
  @Test
  void tracesThatEndEarlyAreSound() {
    for (String peer : List.of("S", "A", "B")) {
      int last = (int) sound.stream().filter(at -> at.event().peer().equals(peer)).count();
      for (int end = 0; end < last; end++) {
        int most = end;
        List<Located> cut =
            sound.stream()
                .filter(at -> !at.event().peer().equals(peer) || at.event().number() <= most)
                .toList();
        assertThat(TraceCheck.check(cut, Tables.published(), Given.PARTS))
            .as(peer + " " + end)
            .isEmpty();
      }
    }
  }

  static Stream<Break> breaks() {
    return Stream.of(breaksOfSteps(), breaksBetweenPeers(), breaksInRestarts())
        .flatMap(breaks -> breaks);
  }

  /** What one peer does, and in which order. */
  private static Stream<Break> breaksOfSteps() {
    return Stream.of(
        new Break(
            "the grant is sent before it is on disk",
            "DCM-DSK-001",
            all -> with(all, Role.SOURCE, "GuestSealed", step -> reversed(step))),
        new Break(
            "the guest is resumed before OWNED is on disk",
            "DCM-DSK-001",
            all -> with(all, Role.HOLDER, "Answered", step -> reversed(step))),
        new Break(
            "a guest that is given away is resumed",
            "DCM-STA-002",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "Running",
                    step ->
                        change(
                            step,
                            step.next(),
                            Stream.concat(step.outputs().stream(), Stream.of("ResumeGuest"))
                                .toList()))),
        new Break(
            "a message is not sent",
            "DCM-STA-002",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "GuestStopped",
                    step -> change(step, step.next(), List.of()))),
        new Break(
            "a destination begins in the middle",
            "DCM-STA-002",
            all ->
                with(
                    all,
                    Role.HOLDER,
                    "OpenAsked",
                    step -> change(step, "Receiving", step.outputs()))),
        new Break(
            "an owner does not know of it when it is restarted",
            "DCM-REC-004",
            all ->
                with(
                    all,
                    restarted(
                        all,
                        "B",
                        Role.HOLDER,
                        2,
                        "Absent",
                        "Opened",
                        "OpenAsked",
                        List.of("journal OpenedAs", "Accept"),
                        Map.of()))),
        new Break(
            "a vote is forgotten in a restart",
            "DCM-DEC-003",
            all ->
                with(
                    all,
                    restarted(
                        all,
                        "S",
                        Role.VOTER,
                        2,
                        "Absent",
                        "Undecided",
                        Transition.RECOVERED,
                        List.of(),
                        Map.of(Fact.DESTINATION, "B", Fact.WITNESS, "A")))),
        new Break(
            "a seat that has ended votes again",
            "DCM-DEC-013",
            all ->
                with(
                    all,
                    restarted(
                        all,
                        "A",
                        Role.VOTER,
                        2,
                        "Absent",
                        "Undecided",
                        "Appointed",
                        List.of("journal Seat"),
                        Map.of(Fact.DESTINATION, "B", Fact.WITNESS, "A")))));
  }

  private static Stream<Break> breaksBetweenPeers() {
    return Stream.of(
        new Break(
            "a source forgets its grant in a restart",
            "DCM-DSK-004",
            all -> {
              List<Located> until =
                  all.stream()
                      .filter(
                          at ->
                              !at.event().peer().equals("S")
                                  || !at.event().transition().next().equals("Ended"))
                      .toList();
              return with(
                  until,
                  restarted(
                      until,
                      "S",
                      Role.SOURCE,
                      2,
                      "Absent",
                      "Ended",
                      Transition.RECOVERED,
                      List.of("EndGuestMigration", "journal Ended"),
                      Map.of(Fact.RESULT, "FAILED", Fact.OWNER, "S")));
            }),
        new Break(
            "an answer of somebody who has no vote",
            "DCM-DEC-008",
            all -> with(all, Role.HOLDER, "Answered", step -> with(step, Map.of(Fact.FROM, "Z")))),
        new Break(
            "a source takes the guest back without a majority",
            "DCM-DEC-001",
            all ->
                with(
                    all,
                    Role.SOURCE,
                    "Running",
                    step ->
                        with(
                            renamed(step, "Answered"),
                            Map.of(Fact.RESULT, "FAILED", Fact.OWNER, "S", Fact.FROM, "A")))),
        new Break(
            "both choices have a majority, each in its ballot",
            "DCM-DEC-007",
            all -> {
              Map<Fact, String> source =
                  Map.of(
                      Fact.DESTINATION, "B",
                      Fact.WITNESS, "A",
                      Fact.BALLOT, "3",
                      Fact.CHOICE, "SOURCE",
                      Fact.PROMISED, "3");
              List<Located> more = all;
              for (String peer : List.of("S", "A")) {
                more =
                    with(
                        more,
                        restarted(
                            more,
                            peer,
                            Role.VOTER,
                            2,
                            "Absent",
                            "Accepted",
                            Transition.RECOVERED,
                            List.of(),
                            source));
              }
              return more;
            }),
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

  /** A restart is no resolution: nothing that the operator did not say excuses what follows it. */
  private static Stream<Break> breaksInRestarts() {
    return Stream.of(
        new Break(
            "a source in doubt takes the guest back from its owner when it is restarted",
            "DCM-DSK-004",
            all -> with(inDoubt(all), takenBack(all))),
        new Break(
            "a destination owns the guest after a restart, without a majority",
            "DCM-DEC-001",
            all ->
                with(
                    with(
                        until(all, "B", "Answered"),
                        Role.VOTER,
                        "Accept",
                        step ->
                            with(
                                step,
                                Map.of(
                                    Fact.BALLOT, "1",
                                    Fact.CHOICE, "SOURCE",
                                    Fact.PROMISED, "1"))),
                    owned(all, "B"))),
        new Break(
            "a destination that has no grant owns the guest after a restart",
            "DCM-DSK-001",
            all ->
                with(
                    with(
                        until(all, "B", "Answered"),
                        Role.SOURCE,
                        "GuestSealed",
                        step -> with(step, Map.of(Fact.DESTINATION, "A"))),
                    owned(all, "B"))),
        new Break(
            "two destinations have the guest, one of them after a restart",
            "DCM-DSK-004",
            all -> with(with(all, owned(all, "A")), resumed(all, "A"))),
        new Break(
            "both choices have a majority, and the source is restarted in doubt",
            "DCM-DEC-007",
            all -> {
              Map<Fact, String> back =
                  Map.of(
                      Fact.DESTINATION, "B",
                      Fact.WITNESS, "A",
                      Fact.BALLOT, "3",
                      Fact.CHOICE, "SOURCE",
                      Fact.PROMISED, "3");
              List<Located> more = with(inDoubt(all), takenBack(all));
              for (String peer : List.of("S", "A")) {
                more =
                    with(
                        more,
                        restarted(
                            more,
                            peer,
                            Role.VOTER,
                            2,
                            "Absent",
                            "Accepted",
                            Transition.RECOVERED,
                            List.of(),
                            back));
              }
              return more;
            }),
        new Break(
            "a completed migration is a failed one after a restart",
            "DCM-REC-003",
            all -> with(all, takenBack(all))),
        new Break(
            "an owner whose guest ran forgets it in a restart",
            "DCM-REC-004",
            all ->
                with(
                    all,
                    restarted(
                        all,
                        "B",
                        Role.HOLDER,
                        2,
                        "Absent",
                        "Forgotten",
                        Transition.RECOVERED,
                        List.of("Wipe"),
                        Map.of()))),
        new Break(
            "a resolution is not told before its records",
            "DCM-OBS-005",
            all -> with(all, Role.SOURCE, "Running", step -> renamed(step, "ResolveAsked"))));
  }

  /** The source's trace ends in doubt. */
  private static List<Located> inDoubt(List<Located> all) {
    return with(
        until(all, "S", "Running"),
        Role.SOURCE,
        "GuestSealed",
        step -> change(step, "InDoubt", step.outputs()));
  }

  /** One peer's trace ends before it takes this input. */
  private static List<Located> until(List<Located> all, String peer, String event) {
    long end =
        all.stream()
            .map(Located::event)
            .filter(one -> one.peer().equals(peer))
            .filter(one -> one.transition().event().equals(event))
            .findFirst()
            .orElseThrow()
            .number();
    return all.stream()
        .filter(at -> !at.event().peer().equals(peer) || at.event().number() < end)
        .toList();
  }

  private static Located takenBack(List<Located> all) {
    return restarted(
        all,
        "S",
        Role.SOURCE,
        2,
        "Absent",
        "Ended",
        Transition.RECOVERED,
        List.of("TakeBack", "EndGuestMigration", "journal Ended"),
        Map.of(Fact.RESULT, "FAILED", Fact.OWNER, "S"));
  }

  private static Located owned(List<Located> all, String peer) {
    return restarted(
        all,
        peer,
        Role.HOLDER,
        2,
        "Absent",
        "Owned",
        Transition.RECOVERED,
        List.of("ResumeGuest"),
        Map.of());
  }

  private static Located resumed(List<Located> all, String peer) {
    return restarted(all, peer, Role.HOLDER, 2, "Owned", "Owned", "Resumed", List.of(), Map.of());
  }

  @ParameterizedTest
  @MethodSource("breaks")
  void aBreakIsFound(Break broken) {
    assertThat(TraceCheck.check(broken.how().apply(sound), Tables.published(), Given.PARTS))
        .extracting(TraceCheck.Finding::clause)
        .contains(broken.clause());
  }

  // ---- Ways to break a trace.

  private static Transition reversed(Transition step) {
    return change(step, step.next(), step.outputs().reversed());
  }

  private static List<Located> with(List<Located> all, Located another) {
    List<Located> more = new ArrayList<>(all);
    more.add(another);
    return more;
  }

  /** The first event of another life of a peer. */
  private static Located restarted(
      List<Located> all,
      String peer,
      Role role,
      long epoch,
      String state,
      String next,
      String event,
      List<String> outputs,
      Map<Fact, String> facts) {
    TraceEvent old =
        all.stream()
            .map(Located::event)
            .filter(one -> one.peer().equals(peer))
            .findFirst()
            .orElseThrow();
    return new Located(
        peer + " restarted",
        new TraceEvent(
            old.time(),
            peer,
            "99999999-0000-4000-8000-00000000000" + "SAB".indexOf(peer),
            1,
            old.migration(),
            new Transition(role, epoch, state, event, next, outputs, "DCM-STA-002", facts, true)));
  }

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
