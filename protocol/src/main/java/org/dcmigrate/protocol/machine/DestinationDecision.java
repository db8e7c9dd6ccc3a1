package org.dcmigrate.protocol.machine;

import static org.dcmigrate.protocol.machine.HolderStep.of;
import static org.dcmigrate.protocol.machine.HolderStep.refuse;

import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.machine.HolderInput.Answered;
import org.dcmigrate.protocol.machine.HolderInput.AskAgain;
import org.dcmigrate.protocol.machine.HolderInput.CommitArrived;
import org.dcmigrate.protocol.machine.HolderInput.ForgetAsked;
import org.dcmigrate.protocol.machine.HolderInput.LoadFailed;
import org.dcmigrate.protocol.machine.HolderInput.Loaded;
import org.dcmigrate.protocol.machine.HolderInput.ResolveAsked;
import org.dcmigrate.protocol.machine.HolderInput.ResumeFailed;
import org.dcmigrate.protocol.machine.HolderInput.Resumed;
import org.dcmigrate.protocol.machine.HolderInput.StatusAsked;
import org.dcmigrate.protocol.machine.HolderState.Deciding;
import org.dcmigrate.protocol.machine.HolderState.Owned;
import org.dcmigrate.protocol.machine.HolderState.Prepared;
import org.dcmigrate.protocol.machine.HolderState.Resumption;

/**
 * The new destination from the grant on. As long as {@code OwnedWith} is not on disk the guest has
 * never run here: saying so for good, {@code Forgot}, is safe whatever was decided, since nobody
 * else could have acted on it.
 */
final class DestinationDecision {
  private DestinationDecision() {}

  static HolderStep begin(Prepared state, Electorate electorate) {
    Proposer proposer = Proposer.granted(electorate);
    return ask(new Deciding(state.epoch(), state.memoryDigest(), proposer, true, 0))
        .after(
            new HolderOutput.Persist(
                new HolderRecord.GrantedWith(state.epoch(), state.memoryDigest(), electorate)));
  }

  static HolderStep deciding(Deciding state, HolderInput input) {
    return switch (input) {
      case Loaded loaded when loaded.epoch() == state.epoch() && !state.found() ->
          ask(
              new Deciding(
                  state.epoch(), state.memoryDigest(), state.proposer(), true, state.rounds()));
      case LoadFailed failed when failed.epoch() == state.epoch() && !state.found() ->
          HolderMachine.forget(
              state.epoch(),
              new Failure(
                  Reason.ATTEMPT_DISCARDED,
                  "the guest that was prepared here is gone, and it never ran"));
      case Answered answered when answered.epoch() == state.epoch() && state.found() ->
          answered(state, answered);
      case AskAgain again when state.found() -> askAgain(state);
      case CommitArrived arrived when arrived.memoryDigest() == state.memoryDigest() ->
          state.found() ? ask(state) : of(state);
      case CommitArrived arrived -> otherDigest(state);
      // The source ends this attempt after the grant only when it has the guest back.
      case ForgetAsked asked ->
          HolderMachine.forget(asked.epoch(), HolderMachine.toldToForget())
              .then(new HolderOutput.Accept());
      case ResolveAsked asked ->
          asked.choice() == Choice.DESTINATION
              ? own(state)
              : decidedOtherwise(state, "the operator");
      case StatusAsked asked -> of(state, new HolderOutput.Accept());
      default -> tooLate(state, input, "this peer has the grant of epoch " + state.epoch());
    };
  }

  private static HolderStep answered(Deciding state, Answered answered) {
    Proposer before = state.proposer();
    Proposer after = before.answered(answered.from(), answered.answer());
    Deciding next = new Deciding(state.epoch(), state.memoryDigest(), after, true, state.rounds());
    Optional<Choice> decided = after.decided();
    if (decided.isPresent()) {
      return decided.get() == Choice.DESTINATION
          ? own(next)
          : decidedOtherwise(next, "the vote of source and witness");
    }
    return after.asksMoreThan(before) ? ask(next) : of(next);
  }

  /**
   * A peer that was outbid goes to the next ballot only every third time, so that the source's can
   * end.
   */
  private static HolderStep askAgain(Deciding state) {
    int rounds = state.rounds() + 1;
    boolean outbid = state.proposer().refused();
    Proposer proposer = outbid && rounds % 3 == 0 ? state.proposer().next() : state.proposer();
    return ask(new Deciding(state.epoch(), state.memoryDigest(), proposer, true, rounds));
  }

  private static HolderStep ask(Deciding state) {
    return of(
        state,
        state.proposer().questions().entrySet().stream()
            .map(entry -> new HolderOutput.Ask(state.epoch(), entry.getKey(), entry.getValue()))
            .toArray(HolderOutput[]::new));
  }

  private static HolderStep own(Deciding state) {
    return of(
        new Owned(state.epoch(), state.memoryDigest(), Resumption.UNDER_WAY),
        new HolderOutput.Persist(new HolderRecord.OwnedWith(state.epoch(), state.memoryDigest())),
        new HolderOutput.ResumeGuest(state.epoch()));
  }

  private static HolderStep decidedOtherwise(Deciding state, String by) {
    return HolderMachine.forget(
        state.epoch(),
        new Failure(Reason.ATTEMPT_DISCARDED, "by " + by + " the guest stays with its source"));
  }

  static HolderStep owned(Owned state, HolderInput input) {
    return switch (input) {
      case Resumed resumed when resumed.epoch() == state.epoch() ->
          of(
              new Owned(state.epoch(), state.memoryDigest(), Resumption.DONE),
              new HolderOutput.ReportRunning());
      case ResumeFailed failed
          when failed.epoch() == state.epoch() && state.resumption() == Resumption.UNDER_WAY ->
          failed.neverRan()
              ? HolderMachine.forget(
                  state.epoch(),
                  new Failure(
                      Reason.ATTEMPT_DISCARDED,
                      "the guest could not be resumed, and never ran here: "
                          + failed.failure().sentence()))
              : of(
                  new Owned(state.epoch(), state.memoryDigest(), Resumption.FAILED),
                  new HolderOutput.ReportResumeFailed(failed.failure()));
      case CommitArrived arrived when arrived.memoryDigest() != state.memoryDigest() ->
          otherDigest(state);
      case CommitArrived arrived ->
          switch (state.resumption()) {
            case DONE -> of(state, new HolderOutput.ReportRunning());
            case FAILED -> resumeAgain(state);
            // The answer to the first one is the answer to this one, too.
            case UNDER_WAY -> of(state);
          };
      // Its source may be gone for good: then nobody else has it tried again.
      case AskAgain again when state.resumption() == Resumption.FAILED -> resumeAgain(state);
      case StatusAsked asked -> of(state, new HolderOutput.Accept());
      case ResolveAsked asked -> HolderMachine.notInDoubt(state);
      default ->
          tooLate(
              state,
              input,
              "this peer owns the guest since the decision of epoch " + state.epoch());
    };
  }

  private static HolderStep resumeAgain(Owned state) {
    return of(
        new Owned(state.epoch(), state.memoryDigest(), Resumption.UNDER_WAY),
        new HolderOutput.ResumeGuest(state.epoch()));
  }

  private static HolderStep otherDigest(HolderState state) {
    return refuse(
        state,
        Reason.DIGEST_MISMATCH,
        "the commit names another memory digest than the guest prepared here");
  }

  private static HolderStep tooLate(HolderState state, HolderInput input, String sentence) {
    return HolderMachine.requestEpoch(input).isPresent()
        ? refuse(state, Reason.TOO_LATE, sentence)
        : of(state);
  }
}
