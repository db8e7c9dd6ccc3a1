package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.SourceStep.of;

import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.machine.SourceInput.Answered;
import org.dcmigrate.protocol.machine.SourceInput.CancelAsked;
import org.dcmigrate.protocol.machine.SourceInput.CommitLost;
import org.dcmigrate.protocol.machine.SourceInput.CommitRefused;
import org.dcmigrate.protocol.machine.SourceInput.GuestLost;
import org.dcmigrate.protocol.machine.SourceInput.RedirectAsked;
import org.dcmigrate.protocol.machine.SourceInput.ResolveAsked;
import org.dcmigrate.protocol.machine.SourceInput.Running;
import org.dcmigrate.protocol.machine.SourceInput.Tick;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.Course;
import org.dcmigrate.protocol.machine.SourceState.Grant;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;

/**
 * The source from the grant on. The guest comes back to it in three cases only: it is decided so,
 * the destination says that it does not own the guest and never will, or the operator resolves so.
 */
final class SourceDecision {
  private static final long PATIENCE_NS = 3_000_000_000L;
  private static final long RETRY_NS = 1_000_000_000L;
  private static final int SLOWEST_RETRY = 8;

  private SourceDecision() {}

  static SourceStep grant(Course course, Grant grant, long nowNs) {
    return of(
        new Committing(course, grant, false, nowNs),
        new SourceOutput.Persist(
            new SourceRecord.Granted(
                grant.epoch(), grant.to(), grant.memoryDigest(), grant.witness())),
        commit(grant));
  }

  /** Goes on after a restart: sends the grant again, since it may never have been sent. */
  static SourceStep recover(Course course, Grant grant, boolean guestLost, long nowNs) {
    return of(new Committing(course, grant, guestLost, nowNs), commit(grant));
  }

  private static SourceOutput commit(Grant grant) {
    return new SourceOutput.Commit(
        grant.epoch(), grant.to(), grant.memoryDigest(), grant.witness());
  }

  static SourceStep committing(Committing state, SourceInput input, long nowNs) {
    return switch (input) {
      case CommitLost lost when lost.epoch() == state.grant().epoch() ->
          doubt(state, lost.failure(), false, nowNs);
      case Tick tick when nowNs - state.sinceNs() >= PATIENCE_NS ->
          doubt(state, silent(), true, nowNs);
      case GuestLost lost ->
          of(new Committing(state.course(), state.grant(), true, state.sinceNs()));
      case ResolveAsked asked ->
          SourceSteps.refuse(
              state,
              new Failure(
                  Reason.STATE_CONFLICT,
                  "the destination was asked a moment ago; resolve only when the state is IN_DOUBT"
                      + " or COMMITTED"));
      default -> granted(state, state.grant(), input);
    };
  }

  private static Failure silent() {
    return new Failure(
        Reason.DEADLINE_PASSED,
        "the destination has not answered the commit within " + PATIENCE_NS / RETRY_NS + " s");
  }

  private static SourceStep doubt(Committing state, Failure why, boolean asking, long nowNs) {
    Proposer proposer =
        Proposer.recovering(
            state.grant().electorate(state.course().self()),
            state.guestLost() ? Choice.DESTINATION : Choice.SOURCE);
    return ask(
        new InDoubt(state.course(), state.grant(), why, proposer, 1, nowNs + RETRY_NS, asking));
  }

  static SourceStep inDoubt(InDoubt state, SourceInput input, long nowNs) {
    return switch (input) {
      case Answered answered when answered.epoch() == state.grant().epoch() ->
          answered(state, answered, nowNs);
      case CommitLost lost when lost.epoch() == state.grant().epoch() ->
          of(
              new InDoubt(
                  state.course(),
                  state.grant(),
                  lost.failure(),
                  state.proposer(),
                  state.ballots(),
                  state.nextTryNs(),
                  false));
      case GuestLost lost -> of(with(state, state.proposer().preferring(Choice.DESTINATION)));
      case Tick tick when nowNs - state.nextTryNs() >= 0 -> tryAgain(state, nowNs);
      case ResolveAsked asked -> resolve(state, state.grant(), asked.choice());
      default -> granted(state, state.grant(), input);
    };
  }

  /**
   * Asks again in the same ballot; in a higher one only when outbid, and then waits longer each
   * time, so that two that outbid each other come to an end.
   */
  private static SourceStep tryAgain(InDoubt state, long nowNs) {
    boolean outbid = state.proposer().refused();
    int ballots = state.ballots() + (outbid ? 1 : 0);
    SourceStep next =
        ask(
            new InDoubt(
                state.course(),
                state.grant(),
                state.why(),
                outbid ? state.proposer().next() : state.proposer(),
                ballots,
                nowNs + RETRY_NS * Math.min(ballots, SLOWEST_RETRY),
                true));
    return state.asking() ? next : next.then(commit(state.grant()));
  }

  private static SourceStep answered(InDoubt state, Answered answered, long nowNs) {
    Proposer before = state.proposer();
    Proposer after = before.answered(answered.from(), answered.answer());
    Optional<Choice> decided = after.decided();
    if (decided.isPresent()) {
      return decided.get() == Choice.SOURCE
          ? takeBack(state.course(), state.grant(), state.why())
          : committed(state, nowNs);
    }
    return after.asksMoreThan(before) ? ask(with(state, after)) : of(with(state, after));
  }

  private static InDoubt with(InDoubt state, Proposer proposer) {
    return new InDoubt(
        state.course(),
        state.grant(),
        state.why(),
        proposer,
        state.ballots(),
        state.nextTryNs(),
        state.asking());
  }

  private static SourceStep ask(InDoubt state) {
    return of(
        state,
        state.proposer().questions().entrySet().stream()
            .map(
                entry ->
                    new SourceOutput.Ask(state.grant().epoch(), entry.getKey(), entry.getValue()))
            .toArray(SourceOutput[]::new));
  }

  private static SourceStep committed(InDoubt state, long nowNs) {
    SourceState next = new Committed(state.course(), state.grant(), nowNs + RETRY_NS, true);
    return state.asking() ? of(next) : of(next, commit(state.grant()));
  }

  static SourceStep committed(Committed state, SourceInput input, long nowNs) {
    return switch (input) {
      case CommitLost lost when lost.epoch() == state.grant().epoch() ->
          of(new Committed(state.course(), state.grant(), state.nextTryNs(), false));
      case Tick tick when !state.asking() && nowNs - state.nextTryNs() >= 0 ->
          of(
              new Committed(state.course(), state.grant(), nowNs + RETRY_NS, true),
              commit(state.grant()));
      case ResolveAsked asked -> resolve(state, state.grant(), asked.choice());
      default -> granted(state, state.grant(), input);
    };
  }

  /** What is the same in all states after the grant. */
  private static SourceStep granted(SourceState state, Grant grant, SourceInput input) {
    return switch (input) {
      case Running running when running.epoch() == grant.epoch() ->
          SourceSteps.complete(state.course(), grant.to());
      case CommitRefused refused when refused.epoch() == grant.epoch() ->
          takeBack(state.course(), grant, refused.failure());
      case RedirectAsked asked -> SourceSteps.refuse(state, SourceSteps.tooLate());
      case CancelAsked asked -> SourceSteps.refuse(state, SourceSteps.tooLate());
      default -> of(state);
    };
  }

  private static SourceStep resolve(SourceState state, Grant grant, Choice choice) {
    Failure why =
        new Failure(Reason.CANCELLED_BY_OPERATOR, "the operator gave the guest to the source");
    if (choice == Choice.SOURCE) {
      return takeBack(state.course(), grant, why);
    }
    return SourceSteps.complete(state.course(), grant.to())
        .after(
            new SourceOutput.Persist(new SourceRecord.Decided(grant.epoch(), Choice.DESTINATION)));
  }

  private static SourceStep takeBack(Course course, Grant grant, Failure why) {
    return SourceSteps.takeBack(course, why)
        .after(new SourceOutput.Persist(new SourceRecord.Decided(grant.epoch(), Choice.SOURCE)));
  }
}
