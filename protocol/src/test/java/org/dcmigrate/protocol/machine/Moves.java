package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Proposer;
import org.dcmigrate.protocol.machine.Bounds.Kind;
import org.dcmigrate.protocol.machine.Product.Call;
import org.dcmigrate.protocol.machine.Product.Guest;
import org.dcmigrate.protocol.machine.Product.HolderDue;
import org.dcmigrate.protocol.machine.Product.HolderPeer;
import org.dcmigrate.protocol.machine.Product.Remaining;
import org.dcmigrate.protocol.machine.Product.Resolution;
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

  /** Makes every move; whether one was left out because of the bounds. */
  static boolean each(Machines machines, Bounds bounds, Product from, Visitor visitor) {
    if (bounds.toGrant() && from.source().grants().findAny().isPresent()) {
      return true;
    }
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
            turn.remaining(left.begin());
            turn.source().start(Product.A, bounds.witness());
          });
    }
    if (from.source().state().isPresent() && !left.redirects().isEmpty()) {
      PeerId to = left.redirects().getFirst();
      move(
          () -> "the operator redirects to " + to,
          turn -> asks(turn, new SourceInput.RedirectAsked(to), left.redirected()));
    }
    if (from.source().state().isPresent() && left.cancels() > 0) {
      move(
          () -> "the operator cancels",
          turn -> asks(turn, new SourceInput.CancelAsked(), left.cancelled()));
    }
    if (left.resolutions() > 0) {
      resolutionAtSource();
      for (PeerId id : List.of(Product.A, Product.B)) {
        resolutionAtHolder(id);
      }
    }
  }

  /**
   * The operator gives the guest to one side, where that is taken, and has the other side off
   * before.
   */
  private void resolutionAtSource() {
    if (from.source().state().isEmpty()) {
      return;
    }
    SourceState state = from.source().state().get();
    boolean taken = state instanceof InDoubt || state instanceof Committed;
    for (Choice choice : Choice.values()) {
      Optional<PeerId> to = from.source().grants().map(SourceRecord.Granted::to).findFirst();
      if (taken && !hasGuest(choice, to.orElseThrow())) {
        continue;
      }
      move(
          () -> "the operator resolves for the " + choice + " at S",
          turn -> {
            if (taken) {
              Resolution resolution = new Resolution(Product.S, choice);
              if (choice == Choice.SOURCE) {
                turn.kill(to.orElseThrow());
              }
              turn.remaining(from.remaining().resolved(resolution));
            }
            turn.source().input(new SourceInput.ResolveAsked(choice));
          });
    }
  }

  /** Nobody gives the guest to a side that has none, or may give it up yet. */
  private boolean hasGuest(Choice choice, PeerId to) {
    return choice == Choice.SOURCE
        ? from.source().power() == Power.SEALED
        : from.holder(to).guest() == Guest.RUNNING;
  }

  private void resolutionAtHolder(PeerId id) {
    if (from.holder(id).state().isEmpty()) {
      return;
    }
    boolean taken = from.holder(id).state().get() instanceof HolderState.Deciding;
    for (Choice choice : Choice.values()) {
      if (taken && choice == Choice.DESTINATION && !standsStillAtSource()) {
        continue;
      }
      move(
          () -> "the operator resolves for the " + choice + " at " + id,
          turn -> {
            if (taken) {
              if (choice == Choice.DESTINATION) {
                turn.kill(Product.S);
              }
              turn.remaining(from.remaining().resolved(new Resolution(id, choice)));
            }
            turn.holder(id).input(new HolderInput.ResolveAsked(choice));
          });
    }
  }

  /** Nobody takes the guest from where it runs. */
  private boolean standsStillAtSource() {
    return from.source().power() == Power.SEALED || from.source().power() == Power.LOST;
  }

  /**
   * Whether the operator keeps a peer off: the source as long as the destination owns the guest by
   * the operator's word, the destination if it owns the guest, or until the witness has heard who
   * does.
   */
  private boolean isFenced(PeerId peer) {
    if (from.remaining().resolution().isEmpty()) {
      return false;
    }
    Resolution resolution = from.remaining().resolution().get();
    if (resolution.choice() == Choice.DESTINATION) {
      return peer.equals(Product.S)
          && !resolution.at().equals(Product.S)
          && from.holder(resolution.at()).owns();
    }
    return resolution.at().equals(Product.S)
        && from.source()
            .grants()
            .anyMatch(
                granted ->
                    granted.to().equals(peer)
                        && (from.holder(peer).owns()
                            || granted
                                .witness()
                                .filter(witness -> !hasHeard(witness, granted.epoch()))
                                .isPresent()));
  }

  private boolean hasHeard(PeerId witness, long epoch) {
    return Optional.ofNullable(from.holder(witness).seats().get(epoch)).stream()
        .anyMatch(seat -> seat.acceptor().hasEnded());
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
        && isLeftOut(doubt.proposer(), proposerAt(doubt.grant().to()))) {
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
    if (from.source().power() != Power.QUIT
        && from.source().power() != Power.LOST
        && !(state instanceof Ended)) {
      fault(
          Kind.GUEST,
          () -> "S: the hypervisor fails",
          turn -> {
            if (isGranted(state)) {
              turn.source().loseGuest();
            } else {
              turn.source().input(new SourceInput.GuestFailed(Projection.WHY));
            }
          });
    }
    if (from.source().power() == Power.SEALED && isGranted(state)) {
      fault(
          Kind.GUEST,
          () -> "S: dies, and its guest with it",
          turn -> {
            turn.kill(Product.S);
            turn.source().loseGuest();
          });
    }
  }

  /**
   * Whether the bounds leave the next ballot out. Where they let decisions come to their end, only
   * one of two that outbid each other has to wait: the other side can get its own through.
   */
  private boolean isLeftOut(Proposer proposer, Optional<Proposer> otherSide) {
    return proposer.refused()
        && proposer.next().ballot() > bounds.mostBallot()
        && (!bounds.decides() || otherSide.filter(other -> !other.refused()).isPresent());
  }

  /** The ballot that a peer has going. */
  private Optional<Proposer> proposerAt(PeerId peer) {
    if (peer.equals(Product.S)) {
      return from.source().state().stream()
          .flatMap(state -> state instanceof InDoubt doubt ? Stream.of(doubt) : Stream.empty())
          .map(InDoubt::proposer)
          .findFirst();
    }
    return from.holder(peer).state().stream()
        .flatMap(
            state ->
                state instanceof HolderState.Deciding deciding && deciding.found()
                    ? Stream.of(deciding)
                    : Stream.empty())
        .map(HolderState.Deciding::proposer)
        .findFirst();
  }

  private static boolean isGranted(SourceState state) {
    return state instanceof Committing || state instanceof InDoubt || state instanceof Committed;
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
      if (isLeftOut(deciding.proposer(), proposerAt(Product.S))) {
        limited = true;
      } else {
        move(() -> id + ": asks again", turn -> turn.holder(id).input(new HolderInput.AskAgain()));
      }
    }
    if (state instanceof HolderState.Owned owned
        && owned.resumption() == HolderState.Resumption.FAILED) {
      move(() -> id + ": tries again", turn -> turn.holder(id).input(new HolderInput.AskAgain()));
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
    // Nobody calls a peer that is no holder any more, even if a late Open made it one again.
    boolean forgotten =
        from.source().state().isEmpty()
            || from.source().state().get() instanceof Ended
            || !from.source().state().get().course().holders().contains(id);
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
      } else if (bounds.restarts() && !isFenced(peer)) {
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
      turn.remaining(turn.remaining().less(faults));
    }
    visitor.moved(what, faults == 0, turn.after());
    return turn;
  }
}
