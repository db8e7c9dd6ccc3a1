package org.dcmigrate.protocol.trace;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.HolderInput;
import org.dcmigrate.protocol.machine.HolderOutput;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.machine.HolderStep;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.machine.SourceOutput;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.machine.SourceStep;

/** Puts the steps of the machines into the common form. */
public final class Transitions {
  private static final String MIGRATE_ASKED = "MigrateAsked";
  private static final String OPEN_ASKED = "OpenAsked";

  private Transitions() {}

  /** A migration begins at its source. */
  public static Transition sourceStarted(SourceStep step) {
    return source(Transition.ABSENT, MIGRATE_ASKED, "DCM-OPN-001", step, true);
  }

  /** A source is taken up again from its journal. */
  public static Transition sourceRecovered(SourceStep step) {
    boolean granted = step.next() instanceof SourceState.Committing;
    String clause = granted ? "DCM-REC-003" : "DCM-REC-002";
    return source(Transition.ABSENT, Transition.RECOVERED, clause, step, true);
  }

  /** A source takes an input. */
  public static Transition source(SourceState before, SourceInput input, SourceStep step) {
    boolean telling = !step.outputs().isEmpty() || !before.equals(step.next());
    Transition transition =
        source(kind(before), kind(input), Clauses.of(before, input, reason(step)), step, telling);
    return input instanceof SourceInput.Answered answered
        ? transition.with(Fact.FROM, answered.from().uri())
        : transition;
  }

  /**
   * What is told before a step that the operator resolves by: a crash after its records would
   * otherwise leave a trace in which a machine acts without a reason.
   */
  public static Optional<Transition> heard(SourceState before, SourceInput input, SourceStep step) {
    return input instanceof SourceInput.ResolveAsked asked && reason(step).isEmpty()
        ? Optional.of(heard(Role.SOURCE, epoch(before), kind(before), asked.choice()))
        : Optional.empty();
  }

  private static Transition heard(Role role, long epoch, String state, Choice choice) {
    return new Transition(
        role,
        epoch,
        state,
        Transition.RESOLVE_HEARD,
        state,
        List.of(),
        "DCM-OBS-005",
        Map.of(Fact.CHOICE, choice.name()),
        true);
  }

  private static Transition source(
      String before, String event, String clause, SourceStep step, boolean telling) {
    return new Transition(
        Role.SOURCE,
        epoch(step.next()),
        before,
        event,
        kind(step.next()),
        step.outputs().stream().map(Transitions::output).toList(),
        clause,
        facts(step),
        telling);
  }

  private static long epoch(SourceState state) {
    return switch (state) {
      case SourceState.Opening opening -> opening.epoch();
      case SourceState.Transferring flowing -> flowing.epoch();
      case SourceState.Redirecting asking -> asking.epoch();
      case SourceState.Parked parked -> parked.course().lastEpoch();
      case SourceState.SwitchingOver switching -> switching.epoch();
      case SourceState.Committing committing -> committing.grant().epoch();
      case SourceState.InDoubt inDoubt -> inDoubt.grant().epoch();
      case SourceState.Committed committed -> committed.grant().epoch();
      case SourceState.Ended ended -> ended.course().lastEpoch();
    };
  }

  private static Map<Fact, String> facts(SourceStep step) {
    Map<Fact, String> facts = new EnumMap<>(Fact.class);
    switch (step.next()) {
      case SourceState.Opening opening -> facts.put(Fact.DESTINATION, opening.to().uri());
      case SourceState.Transferring flowing -> facts.put(Fact.DESTINATION, flowing.to().uri());
      case SourceState.Redirecting asking -> facts.put(Fact.DESTINATION, asking.to().uri());
      case SourceState.Parked parked -> facts.put(Fact.REASON, parked.why().reason().name());
      case SourceState.SwitchingOver switching -> facts.put(Fact.DESTINATION, switching.to().uri());
      case SourceState.Committing committing -> grant(facts, committing.grant());
      case SourceState.InDoubt inDoubt -> grant(facts, inDoubt.grant());
      case SourceState.Committed committed -> grant(facts, committed.grant());
      case SourceState.Ended ended -> end(facts, ended);
    }
    reason(step).ifPresent(failure -> facts.put(Fact.REASON, failure.reason().name()));
    return facts;
  }

  private static void grant(Map<Fact, String> facts, SourceState.Grant grant) {
    facts.put(Fact.DESTINATION, grant.to().uri());
    grant.witness().ifPresent(witness -> facts.put(Fact.WITNESS, witness.uri()));
  }

  private static void end(Map<Fact, String> facts, SourceState.Ended ended) {
    switch (ended.result()) {
      case SourceState.Result.Completed completed -> {
        facts.put(Fact.RESULT, "COMPLETED");
        facts.put(Fact.OWNER, completed.owner().uri());
      }
      case SourceState.Result.Cancelled cancelled -> {
        facts.put(Fact.RESULT, "CANCELLED");
        facts.put(Fact.OWNER, ended.course().self().uri());
      }
      case SourceState.Result.Failed failed -> {
        facts.put(Fact.RESULT, "FAILED");
        facts.put(Fact.OWNER, ended.course().self().uri());
        facts.put(Fact.REASON, failed.failure().reason().name());
      }
    }
  }

  private static Optional<Failure> reason(SourceStep step) {
    return step.outputs().stream()
        .filter(SourceOutput.Refuse.class::isInstance)
        .map(output -> ((SourceOutput.Refuse) output).failure())
        .findFirst();
  }

  /** A peer that knew nothing of the migration becomes its destination. */
  public static Transition holderOpened(HolderStep step) {
    return holder(Transition.ABSENT, OPEN_ASKED, "DCM-OPN-001", step, true);
  }

  /** A holder is taken up again from its journal. */
  public static Transition holderRecovered(HolderStep step) {
    String clause =
        switch (step.next()) {
          case HolderState.Owned owned -> "DCM-REC-004";
          case HolderState.Deciding deciding -> "DCM-DEC-011";
          default -> "DCM-REC-005";
        };
    return holder(Transition.ABSENT, Transition.RECOVERED, clause, step, true);
  }

  /** A holder takes an input. */
  public static Transition holder(HolderState before, HolderInput input, HolderStep step) {
    boolean did =
        step.outputs().stream().anyMatch(output -> !(output instanceof HolderOutput.Accept));
    Transition transition =
        holder(
            kind(before),
            kind(input),
            Clauses.of(before, input, reason(step)),
            step,
            did || !before.equals(step.next()));
    return input instanceof HolderInput.Answered answered
        ? transition.with(Fact.FROM, answered.from().uri())
        : transition;
  }

  /** As for a source. */
  public static Optional<Transition> heard(HolderState before, HolderInput input, HolderStep step) {
    return input instanceof HolderInput.ResolveAsked asked && reason(step).isEmpty()
        ? Optional.of(heard(Role.HOLDER, before.epoch(), kind(before), asked.choice()))
        : Optional.empty();
  }

  private static Transition holder(
      String before, String event, String clause, HolderStep step, boolean telling) {
    Map<Fact, String> facts = new EnumMap<>(Fact.class);
    switch (step.next()) {
      case HolderState.Detached detached ->
          facts.put(Fact.DESTINATION, detached.newDestination().uri());
      case HolderState.Relaying relaying ->
          facts.put(Fact.DESTINATION, relaying.newDestination().uri());
      case HolderState.RelayFailed failed -> facts.put(Fact.REASON, failed.why().reason().name());
      case HolderState.Forgotten forgotten ->
          facts.put(Fact.REASON, forgotten.why().reason().name());
      default -> {}
    }
    reason(step).ifPresent(failure -> facts.put(Fact.REASON, failure.reason().name()));
    return new Transition(
        Role.HOLDER,
        step.next().epoch(),
        before,
        event,
        kind(step.next()),
        step.outputs().stream().map(Transitions::output).toList(),
        clause,
        facts,
        telling);
  }

  private static Optional<Failure> reason(HolderStep step) {
    return step.outputs().stream()
        .filter(HolderOutput.Refuse.class::isInstance)
        .map(output -> ((HolderOutput.Refuse) output).failure())
        .findFirst();
  }

  /**
   * A voter takes a step.
   *
   * @param before none where the seat is new, or is taken up again from the journal
   */
  public static Transition voter(
      long epoch,
      Electorate electorate,
      Optional<Acceptor> before,
      VoterEvent event,
      Acceptor after) {
    Map<Fact, String> facts = new EnumMap<>(Fact.class);
    facts.put(Fact.DESTINATION, electorate.destination().uri());
    electorate.witness().ifPresent(witness -> facts.put(Fact.WITNESS, witness.uri()));
    if (after.promised() >= 0) {
      facts.put(Fact.PROMISED, String.valueOf(after.promised()));
    }
    after
        .accepted()
        .ifPresent(
            vote -> {
              facts.put(Fact.BALLOT, String.valueOf(vote.ballot()));
              facts.put(Fact.CHOICE, vote.choice().name());
            });
    boolean changed = !before.equals(Optional.of(after));
    return new Transition(
        Role.VOTER,
        epoch,
        before.map(Transitions::seat).orElse(Transition.ABSENT),
        event.text(),
        seat(after),
        changed && event.writesSeat() ? List.of("journal Seat") : List.of(),
        event.clause(),
        facts,
        changed);
  }

  private static String seat(Acceptor acceptor) {
    if (acceptor.hasEnded()) {
      return "Ended";
    }
    if (acceptor.accepted().isPresent()) {
      return "Accepted";
    }
    return acceptor.promised() < 0 ? "Undecided" : "Promised";
  }

  private static String kind(Object stateOrInput) {
    return stateOrInput.getClass().getSimpleName();
  }

  /** An output of a source, as the transition tables write it. */
  public static String output(SourceOutput output) {
    return switch (output) {
      case SourceOutput.Persist persist -> "journal " + kind(persist.record());
      case SourceOutput.Refuse refuse -> "refuse " + refuse.failure().reason();
      case SourceOutput.Ask ask -> "Ask " + kind(ask.question());
      case SourceOutput.Dismiss dismiss -> "Dismiss " + dismiss.owner();
      default -> kind(output);
    };
  }

  /** An output of a holder, as the transition tables write it. */
  public static String output(HolderOutput output) {
    return switch (output) {
      case HolderOutput.Persist persist -> "journal " + kind(persist.record());
      case HolderOutput.Refuse refuse -> "refuse " + refuse.failure().reason();
      case HolderOutput.Ask ask -> "Ask " + kind(ask.question());
      default -> kind(output);
    };
  }
}
