package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.Product.Call;
import org.dcmigrate.protocol.machine.Product.Sending;
import org.dcmigrate.protocol.machine.Product.SourceDue;
import org.dcmigrate.protocol.machine.Product.SourcePeer;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.SourceState.Transferring;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/** The source in a turn: drives its machine as {@link WorldSource} does, without pages and time. */
final class TurnSource {
  private static final long DIGEST = 42;

  private final Turn turn;
  private final SourcePeer before;
  private final TurnSeats seats;
  private boolean alive;
  private Optional<SourceState> state;
  private List<SourceRecord> journal;
  private Power power;
  private boolean mayStop;
  private Optional<Sending> sending;
  private Set<SourceDue> due;
  private boolean refused;

  TurnSource(Turn turn, SourcePeer before) {
    this.turn = turn;
    this.before = before;
    seats = new TurnSeats(turn, Product.S, before.seats());
    alive = before.alive();
    state = before.state();
    journal = before.journal();
    power = before.power();
    mayStop = before.mayStop();
    sending = before.sending();
    due = before.due();
  }

  /**
   * Takes at once what changes nothing, whenever it comes: all that is due to an ended migration,
   * and the answers that a proposer has counted, or that are to an earlier ballot.
   */
  private void takeWhatChangesNothing() {
    if (state.isEmpty()) {
      return;
    }
    SourceState now = state.get();
    boolean deciding = now instanceof SourceState.InDoubt || now instanceof SourceState.Committed;
    for (SourceDue what : due) {
      if (now instanceof SourceState.Ended) {
        happen(what);
        Invariants.require(state.get().equals(now), what + " changed an ended migration");
      } else if (deciding
          && what instanceof SourceDue.Input(SourceInput.Answered answer, Optional<SourceInput> no)
          && turn.machines().source(now, answer, 0).equals(SourceStep.of(now))) {
        due = Turn.minus(due, what);
      }
    }
  }

  /** The same object where nothing changed. */
  SourcePeer after() {
    takeWhatChangesNothing();
    boolean same =
        alive == before.alive()
            && state.equals(before.state())
            && journal.equals(before.journal())
            && seats.seats().equals(before.seats())
            && power == before.power()
            && mayStop == before.mayStop()
            && sending.equals(before.sending())
            && due.equals(before.due());
    List<PeerId> order =
        state.map(present -> List.copyOf(present.course().holders())).orElse(List.of());
    return same && order.equals(before.order())
        ? before
        : new SourcePeer(alive, state, order, journal, seats.seats(), power, mayStop, sending, due);
  }

  boolean alive() {
    return alive;
  }

  Optional<SourceState> state() {
    return state;
  }

  Power power() {
    return power;
  }

  List<SourceRecord> journal() {
    return journal;
  }

  /** Whether the operator's request was refused. */
  boolean refused() {
    return refused;
  }

  void start(PeerId to, Optional<PeerId> witness) {
    perform(SourceMachine.start(Product.S, to, witness, 0));
  }

  void kill() {
    alive = false;
    state = Optional.empty();
    mayStop = false;
    sending = Optional.empty();
    due = Set.of();
  }

  void restart() {
    alive = true;
    if (!journal.isEmpty()) {
      perform(turn.machines().recoverSource(Product.S, journal, power == Power.LOST, 0));
    }
  }

  /** Its hypervisor or its host has failed after the grant. */
  void loseGuest() {
    power = Power.LOST;
    input(new SourceInput.GuestLost());
  }

  void input(SourceInput input) {
    if (state.isPresent()) {
      long nowNs = input instanceof SourceInput.Tick ? Projection.LATE_NS : 0;
      SourceStep step = turn.machines().source(state.get(), input, nowNs);
      StepRules.source(state.get(), input, step);
      perform(step);
    }
  }

  private void perform(SourceStep step) {
    StepRules.persistFirstAtSource(step.outputs());
    state = Optional.of(Projection.source(step.next()));
    turn.carryOut(Product.S, step.outputs(), this::carryOut);
  }

  /** What was due comes about. */
  void happen(SourceDue what) {
    due = Turn.minus(due, what);
    switch (what) {
      case SourceDue.Input happened -> input(happened.input());
      case SourceDue.Admitted admitted -> admitted(admitted.epoch());
      case SourceDue.Seal seal -> {
        // Else the migration has ended meanwhile, and the guest runs on.
        if (power == Power.STOPPED) {
          power = Power.SEALED;
          input(new SourceInput.GuestSealed(seal.epoch()));
        }
      }
    }
  }

  /** What was due goes wrong in this way. */
  void fail(SourceDue what, SourceInput failure) {
    due = Turn.minus(due, what);
    if (what instanceof SourceDue.Seal) {
      resumeGuest();
    }
    input(failure);
  }

  /** The guest stops by itself, since little is left to send. */
  void guestStops() {
    power = Power.STOPPED;
    due(new SourceInput.GuestStopped(sending.orElseThrow().epoch()));
  }

  private void admitted(long epoch) {
    if (sending.isEmpty() || sending.get().epoch() != epoch) {
      return;
    }
    Sending now = sending.get();
    if (now.admitted()) {
      due(new SourceInput.Repaired(epoch));
    } else {
      sending = Optional.of(new Sending(epoch, now.to(), now.contributors(), true));
      for (PeerId peer : now.contributors()) {
        call(peer, new Control(new HolderInput.RelayAsked(epoch)));
      }
    }
  }

  private void due(SourceInput input) {
    due = Turn.plus(due, new SourceDue.Input(input, Optional.empty()));
  }

  private void call(PeerId to, Message message) {
    turn.call(Product.S, to, message);
  }

  private void carryOut(SourceOutput output) {
    switch (output) {
      case SourceOutput.Persist persist -> persist(persist.record());
      case SourceOutput.Appoint o ->
          call(o.witness(), new Message.Appoint(o.epoch(), o.destination()));
      case SourceOutput.Dismiss o -> call(o.witness(), new Message.Dismiss(o.epoch(), o.owner()));
      case SourceOutput.Ask o -> ask(o);
      case SourceOutput.Open o ->
          call(
              o.to(),
              new Control(new HolderInput.OpenAsked(o.epoch(), Product.S, o.contributors())));
      case SourceOutput.SendMetadata o ->
          call(o.to(), new Control(new HolderInput.MetadataArrived(o.epoch())));
      case SourceOutput.StopSending o -> sending = sending.filter(now -> now.epoch() != o.epoch());
      case SourceOutput.Detach o ->
          call(o.peer(), new Control(new HolderInput.DetachAsked(o.epoch(), o.newDestination())));
      case SourceOutput.StartTransfer o -> {
        sending = Optional.of(new Sending(o.epoch(), o.to(), o.contributors(), false));
        call(o.to(), new Control(new HolderInput.TransferAsked(o.epoch(), Product.S)));
      }
      case SourceOutput.Reconcile o ->
          call(
              flowing().orElseThrow().to(), new Control(new HolderInput.InventoryAsked(o.epoch())));
      case SourceOutput.LetStop o -> mayStop = true;
      case SourceOutput.HoldBack o -> mayStop = false;
      case SourceOutput.ResumeGuest o -> resumeGuest();
      case SourceOutput.Prepare o ->
          call(o.to(), new Control(new HolderInput.PrepareArrived(o.epoch(), DIGEST)));
      case SourceOutput.Repair o ->
          call(
              sending.orElseThrow().to(),
              new Control(new HolderInput.TransferAsked(o.epoch(), Product.S)));
      case SourceOutput.Seal o -> due = Turn.plus(due, new SourceDue.Seal(o.epoch()));
      case SourceOutput.Commit o -> commit(o);
      case SourceOutput.TakeBack o -> {
        Invariants.require(power != Power.QUIT, "the guest was ended at S and is taken back");
        power = power == Power.LOST ? Power.LOST : Power.RUNNING;
      }
      case SourceOutput.QuitGuest o -> {
        Invariants.require(power != Power.RUNNING, "a running guest is ended at S");
        power = Power.QUIT;
        sending = Optional.empty();
      }
      case SourceOutput.EndGuestMigration o -> {
        sending = Optional.empty();
        mayStop = false;
        if (power == Power.STOPPED) {
          power = Power.RUNNING;
        }
      }
      case SourceOutput.Abort o ->
          call(o.peer(), new Control(new HolderInput.ForgetAsked(o.epoch())));
      case SourceOutput.Release o ->
          call(o.peer(), new Control(new HolderInput.ForgetAsked(o.epoch())));
      case SourceOutput.Refuse o -> refused = true;
      case SourceOutput.RedirectDone o -> {}
      case SourceOutput.RedirectFailed o -> {}
    }
  }

  private void resumeGuest() {
    Invariants.require(power == Power.STOPPED, "the guest at S is resumed, but was " + power);
    power = Power.RUNNING;
    mayStop = false;
  }

  private void commit(SourceOutput.Commit o) {
    Invariants.require(
        journal.contains(
            new SourceRecord.Granted(o.epoch(), o.to(), o.memoryDigest(), o.witness())),
        "a commit without a grant on disk");
    call(
        o.to(),
        new Control(
            new HolderInput.CommitArrived(
                o.epoch(), o.memoryDigest(), new Electorate(Product.S, o.to(), o.witness()))));
  }

  private void persist(SourceRecord record) {
    List<SourceRecord> longer = new ArrayList<>(journal);
    longer.add(Projection.record(record));
    journal = List.copyOf(longer);
    if (record instanceof SourceRecord.Granted granted) {
      seats.seat(
          granted.epoch(),
          new Electorate(Product.S, granted.to(), granted.witness()),
          turn.machines().sourceSeat());
    }
    if (record instanceof SourceRecord.Decided decided) {
      seats.end(decided.epoch(), decided.choice());
    }
  }

  private void ask(SourceOutput.Ask o) {
    if (!o.acceptor().equals(Product.S)) {
      turn.ask(
          Product.S,
          o.acceptor(),
          new Message.Ballot(o.epoch(), o.question()),
          onTheWay(o.acceptor()));
    } else if (seats.ask(Product.S, o.epoch(), o.question()) instanceof Reply.Voted voted) {
      due(new SourceInput.Answered(o.epoch(), Product.S, voted.answer()));
    }
  }

  private Stream<Answer> onTheWay(PeerId acceptor) {
    return due.stream()
        .flatMap(
            what ->
                what
                            instanceof
                            SourceDue.Input(SourceInput.Answered answer, Optional<SourceInput> lost)
                        && answer.from().equals(acceptor)
                    ? Stream.of(answer.answer())
                    : Stream.empty());
  }

  /** Somebody else asks this peer: only its vote. */
  void receive(Call call) {
    if (call.message() instanceof Message.Ballot ballot) {
      turn.answer(call, seats.ask(call.from(), ballot.epoch(), ballot.question()));
    } else {
      throw new AssertionError("nobody sends this to a source: " + call);
    }
  }

  boolean ignoresForEver(Call call) {
    return alive && seats.ignoreForEver(call.message());
  }

  void answered(Call call, Reply reply) {
    Optional<SourceInput> lost = lostCall(call);
    if (reply instanceof Reply.Lost) {
      lost.ifPresent(this::due);
      return;
    }
    if (call.message() instanceof Control(HolderInput.TransferAsked asked, Set<Integer> none)
        && !(reply instanceof Reply.Refused)) {
      due = Turn.plus(due, new SourceDue.Admitted(asked.epoch()));
      return;
    }
    SourceAnswers.heard(call, reply)
        .ifPresent(input -> due = Turn.plus(due, new SourceDue.Input(input, lost)));
  }

  /** What the source makes of a call that failed. */
  Optional<SourceInput> lostCall(Call call) {
    return SourceAnswers.lost(call);
  }

  /** Asks a peer that it watches how it goes, and hears of it at once. */
  void watch(PeerId peer) {
    TurnHolder holder = turn.holder(peer);
    Optional<Transferring> flow = flowing();
    boolean there = holder.alive();
    if (flow.isPresent() && flow.get().to().equals(peer)) {
      if (!there || holder.status(flow.get().epoch()).isPresent()) {
        silence(peer);
      }
    } else if (flow.isPresent()) {
      Optional<Reason> objection =
          there ? holder.status(flow.get().epoch()) : Optional.of(Reason.PEER_UNREACHABLE);
      if (objection.isPresent()
          || holder.state().stream().anyMatch(s -> s instanceof HolderState.RelayFailed)) {
        silence(peer);
      } else if (holder.state().stream().anyMatch(s -> s instanceof HolderState.Drained)) {
        input(new SourceInput.ContributorDrained(flow.get().epoch(), peer));
      }
    } else if (state.orElseThrow() instanceof SwitchingOver switching
        && (!there || holder.status(switching.epoch()).isPresent())) {
      silence(peer);
    }
  }

  /** Takes a peer that it watches for lost. */
  void silence(PeerId peer) {
    Optional<Transferring> flow = flowing();
    if (flow.isPresent() && flow.get().to().equals(peer)) {
      input(new SourceInput.DestinationLost(flow.get().epoch(), Projection.WHY));
    } else if (flow.isPresent()) {
      input(new SourceInput.ContributorLost(flow.get().epoch(), peer, Projection.WHY));
    } else if (state.orElseThrow() instanceof SwitchingOver switching) {
      input(new SourceInput.DestinationLost(switching.epoch(), Projection.WHY));
    }
  }

  /** Whom it asks regularly how it goes, and has use for. */
  List<PeerId> watched() {
    List<PeerId> watched = new ArrayList<>();
    flowing()
        .ifPresent(
            flow -> {
              watched.add(flow.to());
              watched.addAll(flow.contributorsIn(ContributorPhase.RELAYING));
            });
    if (state.isPresent()
        && state.get() instanceof SwitchingOver switching
        && switching.lost().isEmpty()) {
      watched.add(switching.to());
    }
    return watched;
  }

  private Optional<Transferring> flowing() {
    return switch (state.orElseThrow()) {
      case Transferring transferring -> Optional.of(transferring);
      case SourceState.Redirecting redirecting -> Optional.of(redirecting.current());
      default -> Optional.empty();
    };
  }
}
