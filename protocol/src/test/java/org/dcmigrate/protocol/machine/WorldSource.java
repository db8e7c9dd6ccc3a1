package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Transferring;
import org.dcmigrate.protocol.trace.Transition;
import org.dcmigrate.protocol.trace.Transitions;

/** The peer that the guest leaves: drives a {@link SourceMachine}. Journal and guest survive it. */
final class WorldSource implements Network.Callee {
  private static final long RETRY_MS = 20;
  private static final long LEASE_MS = 300;

  private final World world;
  private final PeerId id;
  private final WorldGuest guest;
  private final List<SourceRecord> journal = new ArrayList<>();
  private final List<SourceOutput> operatorAnswers = new ArrayList<>();
  private final SourceWatch watch;
  private final Map<PeerId, Map<Integer, Version>> inventories = new HashMap<>();
  private final WorldAcceptors acceptors;
  private final Disk<SourceRecord> disk;
  private Optional<SourceState> state = Optional.empty();
  private SourceSender sender;
  private boolean sealFails;
  private boolean alive = true;
  private int life;

  WorldSource(World world, PeerId id, int pageCount) {
    this.world = world;
    this.id = id;
    this.guest = new WorldGuest(pageCount);
    this.sender = new SourceSender(world, this);
    this.watch = new SourceWatch(world, this);
    this.disk = new Disk<>(world.machines()::tornSource);
    this.acceptors = new WorldAcceptors(world, this, this::write);
    world.agenda().every(250, () -> input(new SourceInput.Tick()));
  }

  @Override
  public PeerId id() {
    return id;
  }

  @Override
  public boolean alive() {
    return alive;
  }

  @Override
  public int life() {
    return life;
  }

  @Override
  public Disk<SourceRecord> disk() {
    return disk;
  }

  private void write(Machines.Write what) {
    disk.write(
        new Disk.Contents<>(journal, acceptors.seats()), world.machines().waitsForDisk(what));
  }

  WorldGuest guest() {
    return guest;
  }

  SourceSender sender() {
    return sender;
  }

  Optional<SourceState> state() {
    return state;
  }

  List<SourceRecord> journal() {
    return Collections.unmodifiableList(journal);
  }

  /** The state of the flow of pages, where they flow. */
  Optional<Transferring> flowing() {
    return switch (state.orElseThrow()) {
      case Transferring transferring -> Optional.of(transferring);
      case SourceState.Redirecting redirecting -> Optional.of(redirecting.current());
      default -> Optional.empty();
    };
  }

  /** What the operator was told: refusals, and outcomes of redirects. */
  List<SourceOutput> operatorAnswers() {
    return Collections.unmodifiableList(operatorAnswers);
  }

  void letSealFail(boolean fails) {
    sealFails = fails;
  }

  void start(PeerId to, Optional<PeerId> witness, long parkedMs) {
    SourceStep step = SourceMachine.start(id, to, witness, parkedMs * 1_000_000);
    String with = witness.map(peer -> ", witness=" + peer).orElse("");
    world.log(id, "<- Migrate[to=" + to + with + "]");
    enter(step);
    carryOut(step, Transitions.sourceStarted(step));
  }

  void kill() {
    Disk.Contents<SourceRecord> left = disk.crash();
    acceptors.crash(left.seats());
    journal.clear();
    journal.addAll(left.journal());
    alive = false;
    life++;
    sender.end();
    state = Optional.empty();
  }

  void restart() {
    alive = true;
    life++;
    acceptors.recover();
    watch.clear();
    inventories.clear();
    sender = new SourceSender(world, this);
    if (!journal.isEmpty()) {
      SourceStep step = world.machines().recoverSource(id, journal, false, world.agenda().nowNs());
      world.log(id, "recovers");
      enter(step);
      carryOut(step, Transitions.sourceRecovered(step));
    }
  }

  void input(SourceInput input) {
    if (!alive || state.isEmpty()) {
      return;
    }
    SourceState before = state.get();
    SourceStep step = world.machines().source(before, input, world.agenda().nowNs());
    if (!(input instanceof SourceInput.Tick) || !step.outputs().isEmpty()) {
      world.log(id, "<- " + input);
    }
    StepRules.source(before, input, step);
    enter(step);
    Transitions.heard(before, input, step).ifPresent(word -> world.stepped(this, word));
    carryOut(step, Transitions.source(before, input, step));
  }

  /** Something for later, unless this life is over by then. */
  void later(long delayMs, Runnable what) {
    int now = life;
    world
        .agenda()
        .in(
            delayMs,
            () -> {
              if (life == now) {
                what.run();
              }
            });
  }

  void relay(long epoch, PeerId peer, Set<Integer> pages) {
    call(
        peer,
        new Control(new HolderInput.RelayAsked(epoch), pages),
        ok -> {},
        failure -> input(new SourceInput.ContributorLost(epoch, peer, failure)));
  }

  void skip(long epoch, PeerId peer, int page) {
    call(
        peer, new Control(new HolderInput.SkipAsked(epoch), Set.of(page)), ok -> {}, failure -> {});
  }

  private void enter(SourceStep step) {
    String before = state.map(Describe::source).orElse("-");
    String after = Describe.source(step.next());
    if (!before.equals(after)) {
      world.log(id, "   " + before + " => " + after);
      world.invariants().reached(step.next());
    }
    state = Optional.of(step.next());
  }

  private void carryOut(SourceStep step, Transition transition) {
    StepRules.persistFirstAtSource(step.outputs());
    world.carryOut(this, transition, step.outputs(), step.endOfRecords(), this::carryOut);
    world.invariants().always();
  }

  private void carryOut(SourceOutput output) {
    world.log(id, "-> " + output);
    switch (output) {
      case SourceOutput.Persist persist -> persist(persist.record());
      case SourceOutput.Appoint o -> appoint(o);
      case SourceOutput.Dismiss o -> dismiss(o, world.agenda().nowMs());
      case SourceOutput.Ask o -> ask(o);
      case SourceOutput.Open o ->
          call(
              o.to(),
              new Control(new HolderInput.OpenAsked(o.epoch(), id, o.contributors())),
              ok -> {
                watch.began(o.to(), o.epoch());
                input(new SourceInput.OpenAccepted(o.epoch()));
              },
              failure -> input(new SourceInput.OpenRefused(o.epoch(), failure)));
      case SourceOutput.SendMetadata o ->
          call(
              o.to(),
              new Control(new HolderInput.MetadataArrived(o.epoch())),
              ok -> input(new SourceInput.MetadataAccepted(o.epoch())),
              failure -> input(new SourceInput.OpenRefused(o.epoch(), failure)));
      case SourceOutput.StopSending o -> sender.stop(o.epoch());
      case SourceOutput.Detach o -> detach(o);
      case SourceOutput.StartTransfer o -> sender.start(o, inventories);
      case SourceOutput.Reconcile o ->
          sender.reconcile(
              o.epoch(), flowing().orElseThrow().contributorsIn(ContributorPhase.RELAYING));
      case SourceOutput.LetStop o -> guest.letStop(true);
      case SourceOutput.HoldBack o -> guest.letStop(false);
      case SourceOutput.ResumeGuest o -> guest.resume();
      case SourceOutput.Prepare o -> prepare(o);
      case SourceOutput.Repair o -> sender.repair(o.epoch());
      case SourceOutput.Seal o -> later(1, () -> seal(o.epoch()));
      case SourceOutput.Commit o -> commit(o);
      case SourceOutput.TakeBack o -> guest.takeBack();
      case SourceOutput.QuitGuest o -> {
        sender.end();
        guest.quit();
      }
      case SourceOutput.EndGuestMigration o -> {
        sender.end();
        guest.endMigration();
      }
      case SourceOutput.Abort o -> {
        watch.ended(o.peer());
        forget(o.peer(), o.epoch(), world.agenda().nowMs());
      }
      case SourceOutput.Release o -> {
        watch.ended(o.peer());
        forget(o.peer(), o.epoch(), world.agenda().nowMs());
      }
      case SourceOutput.Refuse o -> operatorAnswers.add(o);
      case SourceOutput.RedirectDone o -> operatorAnswers.add(o);
      case SourceOutput.RedirectFailed o -> operatorAnswers.add(o);
    }
  }

  private void persist(SourceRecord record) {
    journal.add(record);
    switch (record) {
      case SourceRecord.Granted granted ->
          acceptors.seat(
              granted.epoch(),
              new Electorate(id, granted.to(), granted.witness()),
              world.machines().sourceSeat(),
              Machines.Write.SOURCE_RECORD);
      case SourceRecord.Decided decided ->
          acceptors.end(decided.epoch(), decided.choice(), Machines.Write.SOURCE_RECORD);
      case SourceRecord.AttemptOpened attempt -> write(Machines.Write.SOURCE_RECORD);
      case SourceRecord.WitnessAsked asked -> write(Machines.Write.SOURCE_RECORD);
      case SourceRecord.Ended ended -> write(Machines.Write.SOURCE_RECORD);
    }
  }

  private void detach(SourceOutput.Detach o) {
    call(
        o.peer(),
        new Control(new HolderInput.DetachAsked(o.epoch(), o.newDestination())),
        ok -> {
          watch.began(o.peer(), o.epoch());
          inventories.put(o.peer(), ok.held());
          input(new SourceInput.Detached(o.epoch(), o.peer()));
        },
        failure -> input(new SourceInput.ContributorLost(o.epoch(), o.peer(), failure)));
  }

  private void prepare(SourceOutput.Prepare o) {
    long epoch = o.epoch();
    world
        .network()
        .call(
            this,
            o.to(),
            new Control(new HolderInput.PrepareArrived(epoch, guest.digest())),
            reply -> {
              switch (reply) {
                case Reply.Prepared ready ->
                    input(new SourceInput.Prepared(epoch, ready.memoryDigest()));
                case Reply.Incomplete differs -> input(new SourceInput.Incomplete(epoch));
                case Reply.Refused refused ->
                    input(new SourceInput.PrepareFailed(epoch, refused.failure()));
                case Reply.Lost lost ->
                    input(new SourceInput.DestinationLost(epoch, lost.failure()));
                default -> throw new AssertionError(reply);
              }
            });
  }

  private void seal(long epoch) {
    if (guest.power() != WorldGuest.Power.STOPPED) {
      // The migration has ended meanwhile, and the guest runs on.
      return;
    }
    if (sealFails) {
      guest.resume();
      Failure why = new Failure(Reason.GUEST_FAILED, "the guest cannot be given away");
      input(new SourceInput.SealFailed(epoch, why));
    } else {
      guest.seal();
      input(new SourceInput.GuestSealed(epoch));
    }
  }

  private void commit(SourceOutput.Commit o) {
    world.invariants().committing(o);
    Electorate electorate = new Electorate(id, o.to(), o.witness());
    Message commit =
        new Control(new HolderInput.CommitArrived(o.epoch(), o.memoryDigest(), electorate));
    world
        .network()
        .call(
            this,
            o.to(),
            commit,
            reply -> {
              switch (reply) {
                case Reply.Running running -> input(new SourceInput.Running(o.epoch()));
                case Reply.Refused refused -> input(refusal(o.epoch(), refused.failure()));
                case Reply.Lost lost ->
                    input(new SourceInput.CommitLost(o.epoch(), lost.failure()));
                default -> throw new AssertionError(reply);
              }
            });
  }

  /** Only a destination that has given up for good sets the guest free. */
  private static SourceInput refusal(long epoch, Failure failure) {
    return switch (failure.reason()) {
      case ATTEMPT_DISCARDED -> new SourceInput.CommitRefused(epoch, failure);
      default -> new SourceInput.CommitLost(epoch, failure);
    };
  }

  private void appoint(SourceOutput.Appoint o) {
    world
        .network()
        .call(
            this,
            o.witness(),
            new Message.Appoint(o.epoch(), o.destination()),
            reply -> {
              switch (reply) {
                case Reply.Done done ->
                    input(new SourceInput.WitnessAppointed(o.epoch(), o.witness()));
                case Reply.Refused refused ->
                    input(
                        new SourceInput.WitnessRefused(o.epoch(), o.witness(), refused.failure()));
                case Reply.Lost lost ->
                    input(new SourceInput.WitnessRefused(o.epoch(), o.witness(), lost.failure()));
                default -> throw new AssertionError(reply);
              }
            });
  }

  private void dismiss(SourceOutput.Dismiss o, long sinceMs) {
    world
        .network()
        .call(
            this,
            o.witness(),
            new Message.Dismiss(o.epoch(), o.owner()),
            reply -> {
              if (reply instanceof Reply.Lost && world.agenda().nowMs() - sinceMs < LEASE_MS) {
                later(RETRY_MS, () -> dismiss(o, sinceMs));
              }
            });
  }

  private void ask(SourceOutput.Ask o) {
    if (o.acceptor().equals(id)) {
      Reply reply = acceptors.ask(id, o.epoch(), o.question());
      later(0, () -> answered(o, reply));
    } else {
      world
          .network()
          .call(
              this,
              o.acceptor(),
              new Message.Ballot(o.epoch(), o.question()),
              reply -> answered(o, reply));
    }
  }

  private void answered(SourceOutput.Ask o, Reply reply) {
    if (reply instanceof Reply.Voted voted) {
      input(new SourceInput.Answered(o.epoch(), o.acceptor(), voted.answer()));
    }
  }

  @Override
  public void receive(PeerId sender, Message message, Consumer<Reply> answer) {
    if (message instanceof Message.Ballot ballot) {
      answer.accept(acceptors.ask(sender, ballot.epoch(), ballot.question()));
    } else {
      throw new AssertionError("nobody sends this to a source: " + message);
    }
  }

  /** Tells a peer to forget, until it has heard it or its lease has told it. */
  private void forget(PeerId peer, long epoch, long sinceMs) {
    call(
        peer,
        new Control(new HolderInput.ForgetAsked(epoch)),
        ok -> {},
        failure -> {
          if (world.agenda().nowMs() - sinceMs < LEASE_MS
              && failure.reason() == Reason.PEER_UNREACHABLE) {
            later(RETRY_MS, () -> forget(peer, epoch, sinceMs));
          }
        });
  }

  private void call(
      PeerId to, Message message, Consumer<Reply.Ok> onOk, Consumer<Failure> onFailure) {
    world
        .network()
        .call(
            this,
            to,
            message,
            reply -> {
              switch (reply) {
                case Reply.Ok ok -> onOk.accept(ok);
                case Reply.Refused refused -> onFailure.accept(refused.failure());
                case Reply.Lost lost -> onFailure.accept(lost.failure());
                default -> throw new AssertionError(reply);
              }
            });
  }
}
