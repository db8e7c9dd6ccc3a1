package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.Bounds.Kind;
import org.dcmigrate.protocol.machine.Product.Call;
import org.dcmigrate.protocol.machine.Product.Guest;
import org.dcmigrate.protocol.machine.Product.HolderDue;
import org.dcmigrate.protocol.machine.Product.HolderPeer;
import org.dcmigrate.protocol.machine.Product.Remaining;
import org.dcmigrate.protocol.machine.Product.SourceDue;
import org.dcmigrate.protocol.machine.SourceState.Committed;
import org.dcmigrate.protocol.machine.SourceState.Committing;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.InDoubt;
import org.dcmigrate.protocol.machine.SourceState.Parked;
import org.dcmigrate.protocol.machine.WorldGuest.Power;

/** What can happen next, in one product. */
final class Moves {
  /** Takes what comes of each move. */
  interface Visitor {
    /** {@code free}: no fault was needed. */
    void moved(Supplier<String> what, boolean free, Product next);

    void broken(Supplier<String> what, String rule);
  }

  private final Machines machines;
  private final Bounds bounds;
  private final Product from;
  private final Visitor visitor;
  private boolean limited;

  private Moves(Machines machines, Bounds bounds, Product from, Visitor visitor) {
    this.machines = machines;
    this.bounds = bounds;
    this.from = from;
    this.visitor = visitor;
  }

  /** Makes every move; whether one was left out because of its ballot. */
  static boolean each(Machines machines, Bounds bounds, Product from, Visitor visitor) {
    Moves moves = new Moves(machines, bounds, from, visitor);
    moves.operator();
    moves.source();
    for (PeerId id : List.of(Product.A, Product.B)) {
      moves.holder(id, from.holder(id));
    }
    moves.calls();
    moves.deaths();
    return moves.limited;
  }

  private void operator() {
    Remaining left = from.remaining();
    if (!left.begun()) {
      move(
          () -> "the operator migrates to A",
          turn -> {
            turn.remaining(new Remaining(true, left.redirects(), left.cancels(), left.faults()));
            turn.source().start(Product.A, bounds.witness());
          });
    }
    if (from.source().state().isPresent() && !left.redirects().isEmpty()) {
      PeerId to = left.redirects().getFirst();
      List<PeerId> others = left.redirects().subList(1, left.redirects().size());
      move(
          () -> "the operator redirects to " + to,
          turn ->
              asks(
                  turn,
                  new SourceInput.RedirectAsked(to),
                  new Remaining(true, List.copyOf(others), left.cancels(), left.faults())));
    }
    if (from.source().state().isPresent() && left.cancels() > 0) {
      move(
          () -> "the operator cancels",
          turn ->
              asks(
                  turn,
                  new SourceInput.CancelAsked(),
                  new Remaining(true, left.redirects(), left.cancels() - 1, left.faults())));
    }
  }

  /** A request that is refused may be made again. */
  private static void asks(Turn turn, SourceInput input, Remaining otherwise) {
    turn.source().input(input);
    if (!turn.source().refused()) {
      turn.remaining(otherwise);
    }
  }

  private void source() {
    if (from.source().state().isEmpty()) {
      return;
    }
    SourceState state = from.source().state().get();
    for (SourceDue due : from.source().due()) {
      move(() -> "S: " + Trace.brief(due), turn -> turn.source().happen(due));
      switch (due) {
        case SourceDue.Input input ->
            input.ifLost().ifPresent(lost -> sourceFault(Kind.LOST_REPLY, due, lost));
        case SourceDue.Admitted admitted ->
            sourceFault(
                Kind.LOST_REPLY,
                due,
                new SourceInput.DestinationLost(admitted.epoch(), Projection.WHY));
        case SourceDue.Seal seal -> {
          if (from.source().power() == Power.STOPPED) {
            sourceFault(Kind.WORK, due, new SourceInput.SealFailed(seal.epoch(), Projection.WHY));
          }
        }
      }
    }
    boolean sends = from.source().sending().stream().anyMatch(sending -> sending.admitted());
    if (from.source().power() == Power.RUNNING && from.source().mayStop() && sends) {
      move(() -> "S: the guest stops", turn -> turn.source().guestStops());
    }
    if (state instanceof InDoubt doubt
        && doubt.proposer().refused()
        && doubt.proposer().next().ballot() > bounds.mostBallot()) {
      limited = true;
    } else if (state instanceof Parked
        || state instanceof Committing
        || state instanceof InDoubt
        || state instanceof Committed) {
      move(() -> "S: time passes", turn -> turn.source().input(new SourceInput.Tick()));
    }
    for (PeerId peer : new Turn(machines, from, Integer.MAX_VALUE).source().watched()) {
      move(() -> "S: asks " + peer + " how it goes", turn -> turn.source().watch(peer));
      if (from.alive(peer)) {
        fault(
            Kind.SILENCE,
            () -> "S: takes " + peer + " for lost",
            turn -> turn.source().silence(peer));
      }
    }
    if (from.source().power() != Power.QUIT && !(state instanceof Ended)) {
      fault(
          Kind.GUEST,
          () -> "S: the hypervisor fails",
          turn -> turn.source().input(guestFailure(state)));
    }
  }

  private static SourceInput guestFailure(SourceState state) {
    boolean stopped =
        state instanceof SourceState.Committing
            || state instanceof SourceState.InDoubt
            || state instanceof SourceState.Committed;
    return stopped ? new SourceInput.GuestLost() : new SourceInput.GuestFailed(Projection.WHY);
  }

  private void sourceFault(Kind kind, SourceDue due, SourceInput failure) {
    fault(
        kind,
        () -> "S: instead of " + Trace.brief(due) + ": " + Trace.brief(failure),
        turn -> turn.source().fail(due, failure));
  }

  private void holder(PeerId id, HolderPeer holder) {
    if (holder.state().isEmpty()) {
      return;
    }
    for (HolderDue due : holder.due()) {
      move(() -> id + ": " + Trace.brief(due), turn -> turn.holder(id).happen(due));
      for (HolderInput failure : failures(due, holder.guest())) {
        holderFault(
            failure instanceof HolderInput.Verified ? Kind.DIFFERENCE : Kind.WORK,
            id,
            due,
            failure);
      }
      if (due instanceof HolderDue.Input input) {
        input.ifLost().ifPresent(lost -> holderFault(Kind.LOST_REPLY, id, due, lost));
      }
      if (due instanceof HolderDue.Resume resume) {
        fault(
            Kind.WORK,
            () -> id + ": the guest runs, but that is not seen",
            turn -> turn.holder(id).resumeUnseen(resume));
      }
    }
    for (Call waiting : waiting(holder)) {
      Supplier<String> what =
          () -> waiting.from() + ": gives up waiting for the answer to " + waiting;
      Consumer<Turn> how = turn -> turn.holder(id).timeOut(waiting);
      if (isBeingAnswered(waiting, holder.state().get())) {
        fault(Kind.LOST_REPLY, what, how);
      } else {
        move(what, how);
      }
    }
    HolderState state = holder.state().get();
    if (state instanceof HolderState.Deciding deciding && deciding.found()) {
      if (deciding.proposer().refused()
          && deciding.proposer().next().ballot() > bounds.mostBallot()) {
        limited = true;
      } else {
        move(() -> id + ": asks again", turn -> turn.holder(id).input(new HolderInput.AskAgain()));
      }
    }
    lease(id, state);
    fault(
        Kind.SHUTDOWN,
        () -> id + ": is shut down",
        turn -> turn.holder(id).input(new HolderInput.Stopping()));
  }

  private static List<Call> waiting(HolderPeer holder) {
    List<Call> waiting = new ArrayList<>();
    holder.metadata().ifPresent(waiting::add);
    holder.switchover().ifPresent(waiting::add);
    return waiting;
  }

  /** Whether the holder is about to do what the caller waits for. */
  private static boolean isBeingAnswered(Call waiting, HolderState state) {
    return waiting.message() instanceof Message.Control control
        && switch (control.input()) {
          case HolderInput.MetadataArrived arrived ->
              state instanceof HolderState.Opened opened
                  && opened.settingUp()
                  && opened.epoch() == arrived.epoch();
          case HolderInput.PrepareArrived arrived ->
              state instanceof HolderState.Preparing && state.epoch() == arrived.epoch();
          default -> state instanceof HolderState.Deciding || state instanceof HolderState.Owned;
        };
  }

  private void lease(PeerId id, HolderState state) {
    if (state instanceof HolderState.Owned
        || state instanceof HolderState.Deciding
        || state instanceof HolderState.Forgotten) {
      return;
    }
    Supplier<String> what = () -> id + ": the lease ends";
    Consumer<Turn> how = turn -> turn.holder(id).input(new HolderInput.LeaseEnded());
    boolean forgotten =
        from.source().state().isEmpty() || from.source().state().get() instanceof Ended;
    if (forgotten) {
      move(what, how);
    } else {
      fault(Kind.LEASE, what, how);
    }
  }

  private void holderFault(Kind kind, PeerId id, HolderDue due, HolderInput failure) {
    fault(
        kind,
        () -> id + ": instead of " + Trace.brief(due) + ": " + Trace.brief(failure),
        turn -> turn.holder(id).fail(due, failure));
  }

  /** How a holder's own work can end badly. */
  private static List<HolderInput> failures(HolderDue due, Guest guest) {
    return switch (due) {
      // It ran before the restart, so that nobody can say that it never did.
      case HolderDue.Resume resume when guest == Guest.RUNNING ->
          List.of(new HolderInput.ResumeFailed(resume.epoch(), Projection.UNFIT, false));
      case HolderDue.Resume resume ->
          List.of(
              new HolderInput.ResumeFailed(resume.epoch(), Projection.UNFIT, true),
              new HolderInput.ResumeFailed(resume.epoch(), Projection.UNFIT, false));
      case HolderDue.Input(HolderInput.ShellReady ready, Optional<HolderInput> none) ->
          List.of(new HolderInput.ShellFailed(ready.epoch(), Projection.UNFIT));
      case HolderDue.Input(HolderInput.Verified verified, Optional<HolderInput> none) ->
          List.of(new HolderInput.Verified(verified.epoch(), false));
      case HolderDue.Input(HolderInput.Loaded loaded, Optional<HolderInput> none) ->
          List.of(new HolderInput.LoadFailed(loaded.epoch(), Projection.UNFIT));
      case HolderDue.Input other -> List.of();
    };
  }

  private void calls() {
    for (Call call : from.calls()) {
      move(() -> call.to() + ": gets " + call, turn -> turn.deliver(call));
      if (!call.orphan()) {
        fault(Kind.LOST_REQUEST, () -> "lost: " + call, turn -> turn.lose(call, false));
        fault(Kind.LATE_REQUEST, () -> "late: " + call, turn -> turn.lose(call, true));
      }
    }
  }

  private void deaths() {
    for (PeerId peer : List.of(Product.S, Product.A, Product.B)) {
      if (from.alive(peer)) {
        fault(crash(peer), () -> peer + ": dies", turn -> turn.kill(peer));
      } else if (bounds.restarts()) {
        move(() -> peer + ": is restarted", turn -> turn.restart(peer));
      }
    }
  }

  private static Kind crash(PeerId peer) {
    return peer.equals(Product.S) ? Kind.SOURCE_CRASH : Kind.HOLDER_CRASH;
  }

  private void move(Supplier<String> what, Consumer<Turn> how) {
    make(what, how, 0);
  }

  private void fault(Kind kind, Supplier<String> what, Consumer<Turn> how) {
    if (bounds.kinds().contains(kind)) {
      make(what, how, 1);
    }
  }

  /** Makes it whole, and once for each death between two of its outputs. */
  private void make(Supplier<String> what, Consumer<Turn> how, int faults) {
    Turn whole = make(what, how, faults, Integer.MAX_VALUE);
    if (whole.lastActor().stream().anyMatch(peer -> bounds.kinds().contains(crash(peer)))) {
      for (int most = 1; most < whole.carriedOut(); most++) {
        int last = most;
        make(() -> what.get() + "; dies after " + last + " outputs", how, faults + 1, most);
      }
    }
  }

  private Turn make(Supplier<String> what, Consumer<Turn> how, int faults, int mostOutputs) {
    Remaining left = from.remaining();
    Turn turn = new Turn(machines, from, mostOutputs);
    if (faults > left.faults()) {
      return turn;
    }
    try {
      how.accept(turn);
      ProductRules.always(turn);
    } catch (AssertionError rule) {
      visitor.broken(what, String.valueOf(rule.getMessage()));
      return turn;
    }
    if (faults > 0) {
      Remaining now = turn.remaining();
      turn.remaining(
          new Remaining(now.begun(), now.redirects(), now.cancels(), now.faults() - faults));
    }
    visitor.moved(what, faults == 0, turn.after());
    return turn;
  }
}
