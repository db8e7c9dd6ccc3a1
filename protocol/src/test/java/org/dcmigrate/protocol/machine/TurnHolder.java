package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.HolderInput.CommitArrived;
import org.dcmigrate.protocol.machine.HolderInput.ForgetAsked;
import org.dcmigrate.protocol.machine.HolderInput.MetadataArrived;
import org.dcmigrate.protocol.machine.HolderInput.OpenAsked;
import org.dcmigrate.protocol.machine.HolderInput.PrepareArrived;
import org.dcmigrate.protocol.machine.HolderInput.TransferAsked;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.Product.Call;
import org.dcmigrate.protocol.machine.Product.Guest;
import org.dcmigrate.protocol.machine.Product.HolderDue;
import org.dcmigrate.protocol.machine.Product.HolderPeer;

/** A holder in a turn: drives its machine as {@link WorldHolder} does, without pages and time. */
final class TurnHolder {
  private final Turn turn;
  private final PeerId id;
  private final HolderPeer before;
  private final TurnSeats seats;
  private boolean alive;
  private Optional<HolderState> state;
  private List<HolderRecord> journal;
  private Guest guest;
  private Optional<Call> metadata;
  private Optional<Call> switchover;
  private Set<HolderDue> due;

  TurnHolder(Turn turn, PeerId id, HolderPeer before) {
    this.turn = turn;
    this.id = id;
    this.before = before;
    seats = new TurnSeats(turn, id, before.seats());
    alive = before.alive();
    state = before.state();
    journal = before.journal();
    guest = before.guest();
    metadata = before.metadata();
    switchover = before.switchover();
    due = before.due();
  }

  /** As at the source: answers that a proposer has counted, or that are to an earlier ballot. */
  private void takeWhatChangesNothing() {
    if (state.isEmpty()) {
      return;
    }
    HolderState now = state.get();
    boolean decides =
        now instanceof HolderState.Owned
            || (now instanceof HolderState.Deciding deciding && deciding.found());
    for (HolderDue what : due) {
      if (decides
          && what instanceof HolderDue.Input(HolderInput.Answered answer, Optional<HolderInput> no)
          && turn.machines().holder(now, answer).equals(HolderStep.of(now))) {
        due = Turn.minus(due, what);
      }
    }
  }

  /** The same object where nothing changed. */
  HolderPeer after() {
    takeWhatChangesNothing();
    boolean same =
        alive == before.alive()
            && state.equals(before.state())
            && journal.equals(before.journal())
            && seats.seats().equals(before.seats())
            && guest == before.guest()
            && metadata.equals(before.metadata())
            && switchover.equals(before.switchover())
            && due.equals(before.due());
    return same
        ? before
        : new HolderPeer(alive, state, journal, seats.seats(), guest, metadata, switchover, due);
  }

  PeerId id() {
    return id;
  }

  boolean alive() {
    return alive;
  }

  Optional<HolderState> state() {
    return state;
  }

  List<HolderRecord> journal() {
    return journal;
  }

  boolean guestRuns() {
    return guest == Guest.RUNNING;
  }

  boolean owns() {
    return !journal.isEmpty() && journal.getLast() instanceof HolderRecord.OwnedWith;
  }

  void kill() {
    alive = false;
    state = Optional.empty();
    due = Set.of();
    metadata.ifPresent(call -> turn.answer(call, lost()));
    switchover.ifPresent(call -> turn.answer(call, lost()));
    metadata = Optional.empty();
    switchover = Optional.empty();
  }

  /** The source is dead: whatever this peer answers, nobody hears it. */
  void callerDied() {
    metadata = Optional.empty();
    switchover = Optional.empty();
  }

  void restart() {
    alive = true;
    if (!journal.isEmpty()) {
      perform(turn.machines().recoverHolder(journal), Optional.empty());
    }
  }

  private static Reply lost() {
    return new Reply.Lost(Projection.WHY);
  }

  private static Reply refused(String why) {
    return new Reply.Refused(new Failure(Reason.MIGRATION_UNKNOWN, why));
  }

  void receive(Call call) {
    switch (call.message()) {
      case Message.Appoint appoint ->
          turn.answer(call, seats.appoint(appoint.epoch(), call.from(), appoint.destination()));
      case Message.Dismiss dismiss -> seats.dismiss(dismiss.epoch(), dismiss.owner());
      case Message.Ballot ballot ->
          turn.answer(call, seats.ask(call.from(), ballot.epoch(), ballot.question()));
      case Message.Chunk chunk -> throw new AssertionError("pages are left out: " + chunk);
      case Control(OpenAsked asked, Set<Integer> none) when state.isEmpty() ->
          perform(HolderMachine.open(asked), Optional.of(call));
      case Control(ForgetAsked asked, Set<Integer> none) when state.isEmpty() -> {}
      case Control control when state.isEmpty() -> turn.answer(call, refused("never heard of it"));
      // The source asks for the inventory as soon as its transfer is admitted.
      case Control(TransferAsked asked, Set<Integer> none)
          when call.from().equals(Product.S) && admits(asked) ->
          step(new HolderInput.InventoryAsked(asked.epoch()), Optional.of(call));
      case Control(HolderInput input, Set<Integer> none) -> step(input, Optional.of(call));
    }
  }

  /**
   * Whether a request does nothing, now or later: its epoch is over, since epochs only rise, or
   * this peer has forgotten it. The machine is asked all the same.
   */
  boolean ignoresForEver(Call call) {
    if (!(call.message() instanceof Control(HolderInput input, Set<Integer> none))) {
      return alive && seats.ignoreForEver(call.message());
    }
    Optional<Long> epoch = HolderMachine.requestEpoch(input);
    if (state.isEmpty() || epoch.isEmpty()) {
      return false;
    }
    HolderState now = state.get();
    boolean over =
        now instanceof HolderState.Forgotten
            ? epoch.get() <= now.epoch()
            : epoch.get() < now.epoch();
    return over && doesNothing(turn.machines().holder(now, input), now);
  }

  private static boolean doesNothing(HolderStep step, HolderState now) {
    return step.next().equals(now)
        && step.outputs().stream()
            .allMatch(o -> o instanceof HolderOutput.Refuse || o instanceof HolderOutput.Accept);
  }

  private boolean admits(TransferAsked asked) {
    return !isRefused(turn.machines().holder(state.orElseThrow(), asked));
  }

  /** The objection to a question of how it goes, where there is one. */
  Optional<Reason> status(long epoch) {
    return state.isEmpty()
            || isRefused(turn.machines().holder(state.get(), new HolderInput.StatusAsked(epoch)))
        ? Optional.of(Reason.MIGRATION_UNKNOWN)
        : Optional.empty();
  }

  private static boolean isRefused(HolderStep step) {
    return step.outputs().stream().anyMatch(output -> output instanceof HolderOutput.Refuse);
  }

  /** Something of this peer's own, or of its operator. */
  void input(HolderInput input) {
    if (state.isPresent()) {
      step(input, Optional.empty());
    }
  }

  private void step(HolderInput input, Optional<Call> call) {
    HolderState now = state.orElseThrow();
    HolderStep step = turn.machines().holder(now, input);
    StepRules.holder(id, journal, now, input, step);
    if (!isRefused(step) && call.isPresent()) {
      switch (input) {
        case MetadataArrived arrived -> metadata = call;
        case PrepareArrived arrived -> newStream(call);
        case CommitArrived arrived -> newStream(call);
        default -> {}
      }
    }
    perform(step, call);
  }

  /** An older stream that waits gets no answer any more, which its caller notices in time. */
  private void newStream(Optional<Call> call) {
    switchover.ifPresent(older -> turn.answer(older, lost()));
    switchover = call;
  }

  private void perform(HolderStep step, Optional<Call> call) {
    StepRules.persistFirstAtHolder(step.outputs());
    state = Optional.of(Projection.holder(step.next()));
    turn.carryOut(id, step.outputs(), output -> carryOut(output, call));
  }

  /** What was due comes about. */
  void happen(HolderDue what) {
    due = Turn.minus(due, what);
    switch (what) {
      case HolderDue.Input happened -> {
        if (happened.input() instanceof HolderInput.Loaded && guest == Guest.NONE) {
          guest = Guest.LOADED;
        }
        input(happened.input());
      }
      case HolderDue.Resume resume -> {
        runGuest();
        due(new HolderInput.Resumed(resume.epoch()));
      }
    }
  }

  /** What was due goes wrong in this way. */
  void fail(HolderDue what, HolderInput failure) {
    due = Turn.minus(due, what);
    if (failure instanceof HolderInput.LoadFailed) {
      guest = Guest.NONE;
    }
    input(failure);
  }

  /** The guest runs, but its host does not know. */
  void resumeUnseen(HolderDue.Resume what) {
    due = Turn.minus(due, what);
    runGuest();
    input(new HolderInput.ResumeFailed(what.epoch(), Projection.UNFIT, false));
  }

  private void runGuest() {
    if (guest != Guest.RUNNING) {
      ProductRules.resuming(turn, this);
      guest = Guest.RUNNING;
      ProductRules.always(turn);
    }
  }

  /** The stream or batch that waits fails at its caller. */
  void timeOut(Call call) {
    metadata = metadata.filter(waiting -> !waiting.equals(call));
    switchover = switchover.filter(waiting -> !waiting.equals(call));
    turn.lose(call, false);
  }

  private void carryOut(HolderOutput output, Optional<Call> call) {
    switch (output) {
      case HolderOutput.Persist persist -> persist(persist.record());
      case HolderOutput.Ask o -> ask(o);
      case HolderOutput.FindGuest o -> due(new HolderInput.Loaded(o.epoch()));
      case HolderOutput.Accept accept -> call.ifPresent(c -> turn.answer(c, ok()));
      case HolderOutput.Refuse refuse ->
          call.ifPresent(c -> turn.answer(c, new Reply.Refused(refuse.failure())));
      case HolderOutput.SetUpShell o -> due(new HolderInput.ShellReady(o.epoch()));
      case HolderOutput.AcceptMetadata o -> answerMetadata(ok());
      case HolderOutput.RefuseMetadata o -> answerMetadata(new Reply.Refused(o.failure()));
      case HolderOutput.CutTransfers o -> {}
      case HolderOutput.Verify o -> due(new HolderInput.Verified(o.epoch(), true));
      case HolderOutput.Load o -> due(new HolderInput.Loaded(o.epoch()));
      case HolderOutput.ReportIncomplete o -> answerSwitchover(new Reply.Incomplete());
      case HolderOutput.ReportPrepared o -> answerSwitchover(new Reply.Prepared(o.memoryDigest()));
      case HolderOutput.ReportPrepareFailed o -> answerSwitchover(new Reply.Refused(o.failure()));
      case HolderOutput.ResumeGuest o -> {
        ProductRules.resuming(turn, this);
        due = Turn.plus(due, new HolderDue.Resume(o.epoch()));
      }
      case HolderOutput.ReportRunning o -> answerSwitchover(new Reply.Running());
      case HolderOutput.ReportResumeFailed o -> answerSwitchover(new Reply.Lost(o.failure()));
      case HolderOutput.CutSwitchover o -> {
        answerMetadata(new Reply.Refused(o.why()));
        answerSwitchover(new Reply.Refused(o.why()));
      }
      case HolderOutput.DiscardShell o -> wipeGuest();
      case HolderOutput.StartRelay o ->
          turn.call(id, o.to(), new Control(new TransferAsked(o.epoch(), id)));
      case HolderOutput.StopRelay o -> {}
      case HolderOutput.Wipe o -> wipeGuest();
    }
  }

  private void wipeGuest() {
    Invariants.require(guest != Guest.RUNNING, "the guest that runs at " + id + " is wiped");
    guest = Guest.NONE;
  }

  private Reply ok() {
    return new Reply.Ok(state.orElseThrow(), Map.of());
  }

  private void persist(HolderRecord record) {
    List<HolderRecord> kept = new ArrayList<>(journal);
    if (!kept.isEmpty() && !(kept.getLast() instanceof HolderRecord.Forgot)) {
      kept.removeLast();
    }
    kept.add(record);
    journal = List.copyOf(kept);
    if (record instanceof HolderRecord.GrantedWith granted
        && granted.electorate().acceptors().contains(id)) {
      seats.seat(granted.epoch(), granted.electorate(), Acceptor.granted());
    }
    if (record instanceof HolderRecord.OwnedWith owned) {
      seats.end(owned.epoch(), Choice.DESTINATION);
    }
  }

  private void ask(HolderOutput.Ask o) {
    if (!o.acceptor().equals(id)) {
      turn.ask(
          id, o.acceptor(), new Message.Ballot(o.epoch(), o.question()), onTheWay(o.acceptor()));
    } else if (seats.ask(id, o.epoch(), o.question()) instanceof Reply.Voted voted) {
      due(new HolderInput.Answered(o.epoch(), id, voted.answer()));
    }
  }

  private Stream<Answer> onTheWay(PeerId acceptor) {
    return due.stream()
        .flatMap(
            what ->
                what
                            instanceof
                            HolderDue.Input(HolderInput.Answered answer, Optional<HolderInput> lost)
                        && answer.from().equals(acceptor)
                    ? Stream.of(answer.answer())
                    : Stream.empty());
  }

  private void due(HolderInput input) {
    due = Turn.plus(due, new HolderDue.Input(input, Optional.empty()));
  }

  private void answerMetadata(Reply reply) {
    metadata.ifPresent(call -> turn.answer(call, reply));
    metadata = Optional.empty();
  }

  private void answerSwitchover(Reply reply) {
    switchover.ifPresent(call -> turn.answer(call, reply));
    switchover = Optional.empty();
  }

  /** A call of this peer's own, a question or a relay, was answered. */
  void answered(Call call, Reply reply) {
    switch (call.message()) {
      case Message.Ballot ballot -> {
        if (reply instanceof Reply.Voted voted) {
          due(new HolderInput.Answered(ballot.epoch(), call.to(), voted.answer()));
        }
      }
      case Control(TransferAsked asked, Set<Integer> none) -> {
        Optional<HolderInput> lost = lostCall(call);
        due =
            Turn.plus(
                due,
                reply instanceof Reply.Ok
                    ? new HolderDue.Input(new HolderInput.RelayFinished(asked.epoch()), lost)
                    : new HolderDue.Input(lost.orElseThrow(), Optional.empty()));
      }
      default -> throw new AssertionError("a holder does not call so: " + call);
    }
  }

  /** What this peer makes of a call that failed. */
  Optional<HolderInput> lostCall(Call call) {
    return call.message() instanceof Control(TransferAsked asked, Set<Integer> none)
        ? Optional.of(new HolderInput.RelayBroke(asked.epoch(), Projection.WHY))
        : Optional.empty();
  }
}
