package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.HolderInput.CommitArrived;
import org.dcmigrate.protocol.machine.HolderInput.ForgetAsked;
import org.dcmigrate.protocol.machine.HolderInput.MetadataArrived;
import org.dcmigrate.protocol.machine.HolderInput.OpenAsked;
import org.dcmigrate.protocol.machine.HolderInput.PrepareArrived;
import org.dcmigrate.protocol.machine.HolderInput.RelayAsked;
import org.dcmigrate.protocol.machine.HolderInput.SkipAsked;
import org.dcmigrate.protocol.machine.HolderInput.StatusAsked;
import org.dcmigrate.protocol.machine.HolderInput.TransferAsked;
import org.dcmigrate.protocol.machine.Message.Chunk;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.trace.Transition;
import org.dcmigrate.protocol.trace.Transitions;

/**
 * A peer that can hold pages: drives a {@link HolderMachine}. Journal, votes, pages and a loaded or
 * running guest survive a restart; state and open calls do not.
 */
final class WorldHolder implements Network.Callee {
  private static final long LEASE_MS = 300;

  /** What this host cannot do. */
  enum Weakness {
    SHELL,
    LOAD,
    /** The guest does not resume, and it cannot be said whether it ever ran. */
    RESUME,
    /** The guest does not resume, and it is clear that it never ran. */
    BROKEN,
    /** A guest that was loaded does not survive its peer. */
    FRAIL
  }

  private final World world;
  private final PeerId id;
  private final List<HolderRecord> journal = new ArrayList<>();
  private final Map<Integer, Version> pages = new TreeMap<>();
  private final Set<Weakness> weaknesses = EnumSet.noneOf(Weakness.class);
  private final Set<PeerId> transfers = new HashSet<>();
  private final HolderRelay relay;
  private final WorldAcceptors acceptors;
  private final Disk<HolderRecord> disk;
  private Optional<HolderState> state = Optional.empty();
  private Optional<Consumer<Reply>> metadataAnswer = Optional.empty();
  private Optional<Consumer<Reply>> switchoverAnswer = Optional.empty();
  private boolean guestRuns;
  private boolean alive = true;
  private int life;
  private long askedMs;

  WorldHolder(World world, PeerId id) {
    this.world = world;
    this.id = id;
    this.relay = new HolderRelay(world, this);
    this.disk = new Disk<>(world.machines()::tornHolder);
    this.acceptors = new WorldAcceptors(world, this, this::write);
    world.agenda().every(50, this::checkLease);
    world.agenda().every(500, this::askAgain);
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
  public Disk<HolderRecord> disk() {
    return disk;
  }

  private void write(Machines.Write what) {
    disk.write(
        new Disk.Contents<>(journal, acceptors.seats()), world.machines().waitsForDisk(what));
  }

  Optional<HolderState> state() {
    return state;
  }

  List<HolderRecord> journal() {
    return Collections.unmodifiableList(journal);
  }

  Map<Integer, Version> pages() {
    return Collections.unmodifiableMap(pages);
  }

  Version version(int page) {
    return Optional.ofNullable(pages.get(page)).orElseThrow();
  }

  boolean guestRuns() {
    return guestRuns;
  }

  Set<Weakness> weaknesses() {
    return weaknesses;
  }

  /** Whether it has been told, as a witness, who owns the guest. */
  boolean hasHeard(long epoch) {
    return acceptors.hasEnded(epoch);
  }

  HolderRelay relay() {
    return relay;
  }

  private long digest() {
    return Version.digest(pages, world.source().guest().pageCount());
  }

  /** Changes a page behind the protocol's back; once digests are taken nothing would notice. */
  void corrupt(int page) {
    boolean verified =
        state.isEmpty()
            ? !journal.isEmpty() && journal.getLast() instanceof HolderRecord.GrantedWith
            : switch (state.get()) {
              case HolderState.Preparing preparing -> true;
              case HolderState.Prepared prepared -> true;
              case HolderState.Deciding deciding -> true;
              case HolderState.Owned owned -> true;
              default -> false;
            };
    if (verified || Invariants.owns(this)) {
      return;
    }
    pages.computeIfPresent(
        page, (key, held) -> new Version(held.generation(), -Math.abs(held.content())));
  }

  void kill() {
    Disk.Contents<HolderRecord> left = disk.crash();
    acceptors.crash(left.seats());
    journal.clear();
    journal.addAll(left.journal());
    alive = false;
    life++;
    relay.stop();
    transfers.clear();
    metadataAnswer = Optional.empty();
    switchoverAnswer = Optional.empty();
    state = Optional.empty();
  }

  void restart() {
    alive = true;
    life++;
    acceptors.recover();
    if (!journal.isEmpty()) {
      HolderStep step = world.machines().recoverHolder(journal);
      world.log(id, "recovers " + Describe.holder(step.next()));
      state = Optional.of(step.next());
      carryOut(step, Transitions.holderRecovered(step), reply -> {});
    }
  }

  @Override
  public void receive(PeerId sender, Message message, Consumer<Reply> answer) {
    switch (message) {
      case Chunk chunk -> answer.accept(take(sender, chunk));
      case Message.Appoint appoint ->
          answer.accept(acceptors.appoint(appoint.epoch(), sender, appoint.destination()));
      case Message.Dismiss dismiss -> {
        acceptors.dismiss(dismiss.epoch(), dismiss.owner());
        answer.accept(new Reply.Done());
      }
      case Message.Ballot ballot ->
          answer.accept(acceptors.ask(sender, ballot.epoch(), ballot.question()));
      case Control control when state.isPresent() -> step(control, state.get(), answer);
      case Control(OpenAsked asked, Set<Integer> none) -> {
        askedMs = world.agenda().nowMs();
        world.log(id, "<- " + asked);
        HolderStep step = HolderMachine.open(asked);
        enter(step);
        carryOut(step, Transitions.holderOpened(step), answer);
      }
      case Control(ForgetAsked asked, Set<Integer> none) -> {
        Failure why = new Failure(Reason.MIGRATION_UNKNOWN, "never heard of it");
        answer.accept(new Reply.Ok(new HolderState.Forgotten(0, why), Map.of()));
      }
      case Control control ->
          answer.accept(
              new Reply.Refused(new Failure(Reason.MIGRATION_UNKNOWN, "never heard of it")));
    }
  }

  /** The answer of this peer's own guest, relay or clock. */
  void input(HolderInput input) {
    state.ifPresent(before -> step(new Control(input), before, reply -> {}));
  }

  private Reply take(PeerId sender, Chunk chunk) {
    boolean current = state.isPresent() && state.get().epoch() == chunk.epoch();
    if (!current || !transfers.contains(sender)) {
      return new Reply.Refused(new Failure(Reason.STATE_CONFLICT, "no transfer is open"));
    }
    Version held = pages.getOrDefault(chunk.page(), new Version(0, 0));
    if (world.machines().takes(held, chunk.version())) {
      Invariants.require(
          chunk.version().generation() >= held.generation(),
          "an older generation of page " + chunk.page() + " overwrites a newer one at " + id);
      pages.put(chunk.page(), chunk.version());
    } else if (chunk.version().generation() == held.generation()
        && chunk.version().content() != held.content()) {
      return new Reply.Refused(new Failure(Reason.GENERATION_CONFLICT, "page " + chunk.page()));
    } else {
      world.log(id, "drops page " + chunk.page() + " g" + chunk.version().generation());
    }
    return ok();
  }

  private Reply ok() {
    return new Reply.Ok(state.orElseThrow(), Map.copyOf(pages));
  }

  private void step(Control control, HolderState before, Consumer<Reply> answer) {
    HolderInput input = control.input();
    HolderStep step = world.machines().holder(before, input);
    boolean refused = step.outputs().stream().anyMatch(o -> o instanceof HolderOutput.Refuse);
    if (!(input instanceof StatusAsked) || refused) {
      world.log(id, "<- " + input);
    }
    StepRules.holder(id, journal, before, input, step);
    if (!refused) {
      accepted(control, answer);
    }
    enter(step);
    Transitions.heard(before, input, step).ifPresent(word -> world.stepped(this, word));
    carryOut(step, Transitions.holder(before, input, step), answer);
  }

  private void accepted(Control control, Consumer<Reply> answer) {
    askedMs = world.agenda().nowMs();
    switch (control.input()) {
      case MetadataArrived arrived -> metadataAnswer = Optional.of(answer);
      case PrepareArrived arrived -> switchoverAnswer = Optional.of(answer);
      case CommitArrived arrived -> switchoverAnswer = Optional.of(answer);
      case TransferAsked asked -> transfers.add(asked.sender());
      case RelayAsked asked -> relay.assign(control.pages());
      case SkipAsked asked -> relay.skip(control.pages());
      default -> {}
    }
  }

  private void enter(HolderStep step) {
    String before = state.map(Describe::holder).orElse("-");
    String after = Describe.holder(step.next());
    if (!before.equals(after)) {
      world.log(id, "   " + before + " => " + after);
    }
    state = Optional.of(step.next());
  }

  private void carryOut(HolderStep step, Transition transition, Consumer<Reply> answer) {
    StepRules.persistFirstAtHolder(step.outputs());
    world.carryOut(
        this, transition, step.outputs(), step.endOfRecords(), output -> carryOut(output, answer));
    world.invariants().always();
  }

  private void carryOut(HolderOutput output, Consumer<Reply> answer) {
    if (!(output instanceof HolderOutput.Accept)) {
      world.log(id, "-> " + output);
    }
    switch (output) {
      case HolderOutput.Persist persist -> persist(persist.record());
      case HolderOutput.Ask o -> ask(o);
      case HolderOutput.FindGuest o ->
          later(
              weaknesses.contains(Weakness.FRAIL)
                  ? new HolderInput.LoadFailed(o.epoch(), cannot("find the guest"))
                  : new HolderInput.Loaded(o.epoch()));
      case HolderOutput.Accept accept -> answer.accept(ok());
      case HolderOutput.Refuse refuse -> answer.accept(new Reply.Refused(refuse.failure()));
      case HolderOutput.SetUpShell o ->
          later(
              weaknesses.contains(Weakness.SHELL)
                  ? new HolderInput.ShellFailed(o.epoch(), cannot("set up a shell"))
                  : new HolderInput.ShellReady(o.epoch()));
      case HolderOutput.AcceptMetadata o -> answerMetadata(ok());
      case HolderOutput.RefuseMetadata o -> answerMetadata(new Reply.Refused(o.failure()));
      case HolderOutput.CutTransfers o -> transfers.clear();
      case HolderOutput.Verify o ->
          later(new HolderInput.Verified(o.epoch(), digest() == o.memoryDigest()));
      case HolderOutput.Load o ->
          later(
              weaknesses.contains(Weakness.LOAD)
                  ? new HolderInput.LoadFailed(o.epoch(), cannot("load the device state"))
                  : new HolderInput.Loaded(o.epoch()));
      case HolderOutput.ReportIncomplete o -> answerSwitchover(new Reply.Incomplete());
      case HolderOutput.ReportPrepared o -> answerSwitchover(new Reply.Prepared(o.memoryDigest()));
      case HolderOutput.ReportPrepareFailed o -> answerSwitchover(new Reply.Refused(o.failure()));
      case HolderOutput.ResumeGuest o -> resumeGuest(o.epoch());
      case HolderOutput.ReportRunning o -> answerSwitchover(new Reply.Running());
      case HolderOutput.ReportResumeFailed o -> answerSwitchover(new Reply.Lost(o.failure()));
      case HolderOutput.CutSwitchover o -> answerSwitchover(new Reply.Refused(o.why()));
      case HolderOutput.DiscardShell o -> {}
      case HolderOutput.StartRelay o -> relay.start(o.epoch(), o.to());
      case HolderOutput.StopRelay o -> relay.stop();
      case HolderOutput.Wipe o -> pages.clear();
    }
  }

  private void resumeGuest(long epoch) {
    if (weaknesses.contains(Weakness.RESUME)) {
      later(new HolderInput.ResumeFailed(epoch, cannot("resume the guest"), false));
      return;
    }
    if (weaknesses.contains(Weakness.BROKEN) && !guestRuns) {
      later(new HolderInput.ResumeFailed(epoch, cannot("resume the guest"), true));
      return;
    }
    if (!guestRuns) {
      world.invariants().resuming(this);
    }
    guestRuns = true;
    later(new HolderInput.Resumed(epoch));
  }

  private void persist(HolderRecord record) {
    journal.add(record);
    switch (record) {
      case HolderRecord.GrantedWith granted when granted.electorate().acceptors().contains(id) ->
          acceptors.seat(
              granted.epoch(),
              granted.electorate(),
              Acceptor.granted(),
              Machines.Write.HOLDER_RECORD);
      case HolderRecord.OwnedWith owned ->
          acceptors.end(owned.epoch(), Choice.DESTINATION, Machines.Write.HOLDER_RECORD);
      default -> write(Machines.Write.HOLDER_RECORD);
    }
  }

  private void ask(HolderOutput.Ask o) {
    if (o.acceptor().equals(id)) {
      Reply reply = acceptors.ask(id, o.epoch(), o.question());
      answered(o, reply);
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

  private void answered(HolderOutput.Ask o, Reply reply) {
    if (reply instanceof Reply.Voted voted) {
      later(new HolderInput.Answered(o.epoch(), o.acceptor(), voted.answer()));
    }
  }

  private void askAgain() {
    boolean waits =
        state.stream()
            .anyMatch(
                now ->
                    now instanceof HolderState.Deciding
                        || (now instanceof HolderState.Owned owned
                            && owned.resumption() == HolderState.Resumption.FAILED));
    if (alive && waits) {
      input(new HolderInput.AskAgain());
    }
  }

  private void answerMetadata(Reply reply) {
    metadataAnswer.ifPresent(answer -> answer.accept(reply));
    metadataAnswer = Optional.empty();
  }

  private void answerSwitchover(Reply reply) {
    switchoverAnswer.ifPresent(answer -> answer.accept(reply));
    switchoverAnswer = Optional.empty();
  }

  private void later(HolderInput input) {
    int now = life;
    world
        .agenda()
        .in(
            1,
            () -> {
              if (life == now) {
                input(input);
              }
            });
  }

  private void checkLease() {
    boolean bound =
        state.isPresent()
            && !(state.get() instanceof HolderState.Owned)
            && !(state.get() instanceof HolderState.Deciding)
            && !(state.get() instanceof HolderState.Forgotten);
    if (alive && bound && world.agenda().nowMs() - askedMs > LEASE_MS) {
      input(new HolderInput.LeaseEnded());
    }
  }

  private static Failure cannot(String what) {
    return new Failure(Reason.GUEST_INCOMPATIBLE, "this host cannot " + what);
  }
}
