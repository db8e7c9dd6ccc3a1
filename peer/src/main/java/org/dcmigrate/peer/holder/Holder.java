package org.dcmigrate.peer.holder;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.HolderInput;
import org.dcmigrate.protocol.machine.HolderMachine;
import org.dcmigrate.protocol.machine.HolderOutput;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.machine.HolderStep;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.trace.Transition;
import org.dcmigrate.protocol.trace.Transitions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One migration at a peer that receives it: carries out what {@link HolderMachine} decides. All
 * inputs go through one lock; what takes time runs on a thread of its own and comes back as an
 * input.
 */
public final class Holder {
  private static final Logger LOG = LoggerFactory.getLogger(Holder.class);

  private static final Duration VOTER_PATIENCE = Duration.ofSeconds(2);

  private final MigrationId migration;
  private final HolderContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final Answers answers = new Answers();
  private final GuestPlace place;
  private final Relays relays;
  private final Map<PeerId, SenderCounter> senders = new ConcurrentHashMap<>();

  // Written under the lock; whoever only looks does not wait for slow work under it.
  private volatile HolderState state;
  // Volatile for the name, which is told without the lock.
  private volatile Opening opening;
  private Optional<PeerId> source;
  private boolean recovering;
  private Optional<GuestMetadata> incoming = Optional.empty();
  private TransferGate gate = new TransferGate();
  private byte[] deviceState = new byte[0];
  private long contactNs;
  private volatile boolean grantTaken;
  private final Standstill standstill = new Standstill();
  private Optional<Failure> refused = Optional.empty();

  /** What an Open says, beside epoch and peers. */
  public record Opening(String guestName, PageDigest.Algorithm digest, Duration lease) {}

  /** How the relay goes. */
  public record RelayProgress(
      HolderState state, long waitingPages, long relayedPages, long payloadBytes) {}

  private Holder(
      MigrationId migration,
      HolderContext context,
      Opening opening,
      Optional<PeerId> source,
      Optional<Journal.GuestEntry> recovered,
      HolderState initial) {
    this.migration = migration;
    this.context = context;
    this.place = new GuestPlace(migration, context, recovered, lock);
    // Not on the relay's own thread: who stops the relay waits for it under the lock.
    this.relays = new Relays(context, input -> background("relay", () -> answer(input)));
    this.opening = opening;
    this.source = source;
    this.state = initial;
    this.contactNs = System.nanoTime();
  }

  /** A peer that knew nothing of the migration becomes its destination. */
  static Holder open(
      MigrationId migration, HolderContext context, HolderInput.OpenAsked asked, Opening opening)
      throws DcmException {
    HolderStep first = HolderMachine.open(asked);
    Holder holder =
        new Holder(
            migration,
            context,
            opening,
            Optional.of(asked.source()),
            Optional.empty(),
            first.next());
    holder.lock.lock();
    try {
      holder.carryOut(first, Transitions.holderOpened(first));
    } finally {
      holder.lock.unlock();
    }
    return holder;
  }

  /** Takes a migration up again from the journal after a restart. */
  static Holder recover(Journal.Entry<HolderRecord> entry, HolderContext context) {
    HolderStep first = HolderMachine.recover(entry.records());
    Holder holder =
        new Holder(
            entry.migration(),
            context,
            new Opening(entry.guest().name(), PageDigest.Algorithm.CRC64, Duration.ofSeconds(30)),
            source(entry.records()),
            Optional.of(entry.guest()),
            first.next());
    holder.recovering = true;
    holder.lock.lock();
    try {
      entry.records().stream()
          .filter(HolderRecord.GrantedWith.class::isInstance)
          .forEach(record -> holder.sit((HolderRecord.GrantedWith) record));
      holder.carryOut(first, Transitions.holderRecovered(first));
      if (entry.records().getLast() instanceof HolderRecord.GuestLeft) {
        // Written before the copy was ended, which may not have come to pass.
        holder.place.wipe();
      }
    } finally {
      holder.recovering = false;
      holder.lock.unlock();
    }
    return holder;
  }

  private static Optional<PeerId> source(List<HolderRecord> records) {
    return records.stream()
        .filter(HolderRecord.OpenedAs.class::isInstance)
        .map(record -> ((HolderRecord.OpenedAs) record).source())
        .reduce((earlier, later) -> later);
  }

  /**
   * Lets nobody but the source of the migration speak for it.
   *
   * @throws DcmException IDENTITY_NOT_ADMITTED
   */
  public void requireSource(PeerId caller) throws DcmException {
    lock.lock();
    try {
      if (source.isPresent() && !source.get().equals(caller)) {
        throw new DcmException(
            Reason.IDENTITY_NOT_ADMITTED,
            "%s is not the source of migration %s".formatted(caller, migration));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The migration. */
  public MigrationId migration() {
    return migration;
  }

  /** Where this holder stands now. */
  public HolderState state() {
    return state;
  }

  /** Whether the source may still have to hear what became of its grant. */
  boolean grantTaken() {
    return grantTaken;
  }

  /** The guest, where it is owned here and does not run. */
  Optional<StandingGuest> standingGuest() {
    return standstill
        .why()
        .map(
            why ->
                new StandingGuest(
                    guestName(), place.kind(), place.memoryBytes(), migration, why.sentence()));
  }

  /** Name of the guest. */
  public String guestName() {
    return opening.guestName();
  }

  /** Becomes destination again, of a higher epoch. */
  void reopen(HolderInput.OpenAsked asked, Opening again) throws DcmException {
    requireSource(asked.source());
    locked(
        () -> {
          // Where nothing is held, as after a restart, there is nothing that could be of another.
          boolean holds = place.store().isPresent();
          if (holds && !again.guestName().equals(opening.guestName())) {
            throw new DcmException(
                Reason.FIELD_INVALID,
                "guest_name must stay the same in all epochs of a migration: it was %s, and is %s"
                    .formatted(opening.guestName(), again.guestName()));
          }
          if (holds && again.digest() != opening.digest()) {
            throw new DcmException(
                Reason.FIELD_INVALID,
                "digest_algorithm must stay the same in all epochs of a migration");
          }
          request(asked);
          opening = again;
          return true;
        });
  }

  /** Pages held, of any generation. */
  public long heldPages() {
    lock.lock();
    try {
      return place.store().map(PageStore::heldPages).orElse(0L);
    } finally {
      lock.unlock();
    }
  }

  /** Takes the metadata and sets the guest's shell up; returns when it stands ready. */
  public void metadata(long epoch, GuestMetadata metadata) throws DcmException {
    Answers.await(locked(() -> metadataArrived(epoch, metadata)));
  }

  private CompletableFuture<Optional<Failure>> metadataArrived(long epoch, GuestMetadata metadata)
      throws DcmException {
    refuseOtherEpoch(epoch);
    Optional<GuestMetadata> before = place.metadata();
    if (before.isPresent() && !before.get().equals(metadata)) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "the metadata differs from what came in an earlier epoch of the migration");
    }
    CompletableFuture<Optional<Failure>> answer = answers.metadataArrived();
    incoming = Optional.of(metadata);
    request(new HolderInput.MetadataArrived(epoch));
    return answer;
  }

  /** Before anything of a batch that is not wanted takes the place of one at work. */
  private void refuseOtherEpoch(long epoch) throws DcmException {
    if (epoch == state.epoch()
        && state instanceof HolderState.Opened opened
        && !opened.settingUp()) {
      return;
    }
    request(new HolderInput.MetadataArrived(epoch));
    throw new AssertionError("metadata is refused unless opened");
  }

  /** Tells what is held, for the source that this peer is destination of. */
  public void inventory(long epoch, Consumer<GenerationExtent> each) throws DcmException {
    inventoryAfter(new HolderInput.InventoryAsked(epoch), each);
  }

  /** Stops being destination, or relaying for an older epoch, and tells what is held. */
  public void detach(long epoch, PeerId newDestination, Consumer<GenerationExtent> each)
      throws DcmException {
    // Refused before anything changes where the new destination is not known here.
    context.peers().byId(newDestination);
    inventoryAfter(new HolderInput.DetachAsked(epoch, newDestination), each);
  }

  private void inventoryAfter(HolderInput input, Consumer<GenerationExtent> each)
      throws DcmException {
    Optional<PageStore> store =
        locked(
            () -> {
              request(input);
              return place.store();
            });
    store.ifPresent(pages -> pages.inventory(each));
  }

  /** Digests of all segments: for each block, one per 512 pages. */
  public Optional<PageStore> segments(long epoch) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.InventoryAsked(epoch));
          return place.store();
        });
  }

  /** Lets a sender write pages in this epoch. */
  public PageWriter admit(long epoch, PeerId sender) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.TransferAsked(epoch, sender));
          SenderCounter counter = senders.computeIfAbsent(sender, _ -> new SenderCounter());
          return new PageWriter(gate, place.requireStore(), counter);
        });
  }

  /**
   * Refuses at once what {@link #prepare} would refuse in the end, before device state is sent.
   *
   * @throws DcmException as prepare
   */
  public void announcePrepare(long epoch) throws DcmException {
    locked(
        () -> {
          if (!(state instanceof HolderState.Receiving) || state.epoch() != epoch) {
            request(new HolderInput.PrepareArrived(epoch, 0));
            throw new AssertionError("Prepare is refused unless pages are received");
          }
          // So that the question for its vote, for which the guest stands still, finds a
          // connection.
          source.ifPresent(voter -> background("reach", () -> reach(voter)));
          return true;
        });
  }

  private void reach(PeerId voter) {
    try {
      context.peers().client(voter).reach(VOTER_PATIENCE);
    } catch (DcmException unknown) {
      LOG.warn("the vote of {} may be late: {}", voter, unknown.sentence());
    }
  }

  /** Takes the stopped guest's device state and expected digest; answers go to the replies. */
  public void prepare(long epoch, long memoryDigest, byte[] device, SwitchoverReplies replies)
      throws DcmException {
    locked(
        () -> {
          request(new HolderInput.PrepareArrived(epoch, memoryDigest), replies);
          deviceState = device;
          return true;
        });
  }

  /** Takes the commit; answers go to the replies. */
  public void commit(
      long epoch, long memoryDigest, Electorate electorate, SwitchoverReplies replies)
      throws DcmException {
    locked(
        () -> {
          answers.commitArrived();
          request(new HolderInput.CommitArrived(epoch, memoryDigest, electorate), replies);
          return true;
        });
  }

  /** The operator decides in the place of peers that cannot. */
  public void resolve(Choice choice) throws DcmException {
    locked(
        () -> {
          request(new HolderInput.ResolveAsked(choice));
          return true;
        });
  }

  /** Tells what the senders of this epoch have brought. */
  public Map<PeerId, SenderCounter> status(long epoch) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.StatusAsked(epoch));
          return Map.copyOf(senders);
        });
  }

  /**
   * The guest's memory layout, which the pages of a relay are checked against.
   *
   * @throws DcmException where there is none: for the epoch's or the state's sake if these do not
   *     allow a Skip either
   */
  public Geometry geometry(long epoch) throws DcmException {
    return locked(
        () -> {
          Optional<Geometry> geometry = place.metadata().map(GuestMetadata::geometry);
          if (geometry.isEmpty()) {
            request(new HolderInput.SkipAsked(epoch));
          }
          return geometry.orElseThrow(
              () -> new DcmException(Reason.STATE_CONFLICT, "the metadata has not arrived yet"));
        });
  }

  /** Starts the relay of those named pages that are held; gives their number. */
  public long relay(long epoch, PageSet named, Share share) throws DcmException {
    return locked(
        () -> {
          Optional<PageStore> store = place.store();
          if (!(state instanceof HolderState.Detached) || store.isEmpty()) {
            request(new HolderInput.RelayAsked(epoch));
            throw new DcmException(Reason.STATE_CONFLICT, "this peer holds no pages to relay");
          }
          long pages =
              relays.ask(
                  new Attempt(migration, epoch), opening.guestName(), store.get(), named, share);
          request(new HolderInput.RelayAsked(epoch));
          return pages;
        });
  }

  /** Takes pages off the relay; gives how many were still waiting. */
  public long skip(long epoch, List<Extent> extents) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.SkipAsked(epoch));
          return relays.skip(extents);
        });
  }

  /** Tells how the relay goes, and changes how fast it may be. */
  public RelayProgress relayProgress(long epoch, Share share) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.StatusAsked(epoch));
          relays.change(share);
          return relays.progress(state);
        });
  }

  /** Forgets everything of the migration. */
  public void forget(long epoch) throws DcmException {
    locked(
        () -> {
          request(new HolderInput.ForgetAsked(epoch));
          return true;
        });
  }

  /** Looks whether the lease has ended, or somebody is to be asked again; twice a second. */
  void tick(long nowNs) {
    if (!lock.tryLock()) {
      // Something goes on: the next time is soon enough.
      return;
    }
    try {
      if (state instanceof HolderState.Deciding || triesAgain(nowNs)) {
        input(new HolderInput.AskAgain());
      } else if (nowNs - contactNs > opening.lease().toNanos()) {
        input(new HolderInput.LeaseEnded());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether a guest that stands still is to be tried again: not while this peer is about to give it
   * away, for then another one may own it, and not while another guest has its name.
   */
  private boolean triesAgain(long nowNs) {
    if (!(state instanceof HolderState.Owned owned)
        || owned.resumption() != HolderState.Resumption.FAILED
        || !standstill.isOver(nowNs)
        || context.guests().has(guestName())) {
      return false;
    }
    try {
      return !place.isGivenAway();
    } catch (DcmException unreadable) {
      LOG.warn("guest {} is not tried again now: {}", guestName(), unreadable.sentence());
      return false;
    }
  }

  /** Whether the guest is owned here and does not run. */
  boolean standsStill() {
    return standstill.why().isPresent();
  }

  /** The guest that this holder owned has left this peer, and is not looked for here any more. */
  void guestLeft() {
    lock.lock();
    try {
      if (state instanceof HolderState.Owned owned) {
        standstill.end();
        context
            .journal()
            .append(migration, new HolderRecord.GuestLeft(owned.epoch(), owned.memoryDigest()));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Removes what is left on disk of a migration that is forgotten.
   *
   * @return whether nothing is left
   */
  boolean erase() {
    lock.lock();
    try {
      if (!(state instanceof HolderState.Forgotten)) {
        return false;
      }
      if (place.hasHome()) {
        place.wipe();
      }
      // A restart tries again what could not be deleted, and needs to know of it.
      boolean gone = !place.hasHome();
      if (gone) {
        context.journal().removeHolder(migration);
      }
      return gone;
    } finally {
      lock.unlock();
    }
  }

  /** This peer stops: gives up, for good, everything that has no grant. */
  void stop() {
    lock.lock();
    try {
      input(new HolderInput.Stopping());
      answers.failed(new Failure(Reason.PEER_NOT_SERVING, "this peer is shutting down"));
    } finally {
      lock.unlock();
    }
  }

  // ---- Inputs.

  private interface Locked<T> {
    T run() throws DcmException;
  }

  private <T> T locked(Locked<T> action) throws DcmException {
    lock.lock();
    try {
      contactNs = System.nanoTime();
      return action.run();
    } finally {
      lock.unlock();
    }
  }

  private void request(HolderInput input) throws DcmException {
    refused = Optional.empty();
    input(input);
    if (refused.isPresent()) {
      throw refused.get().exception();
    }
  }

  /** What follows from the input is answered there; a refused one leaves the switchover alone. */
  private void request(HolderInput input, SwitchoverReplies replies) throws DcmException {
    Optional<SwitchoverReplies> before = answers.switchover(Optional.of(replies));
    try {
      request(input);
    } catch (DcmException refusal) {
      answers.switchover(before);
      throw refusal;
    }
  }

  private void answer(HolderInput input) {
    lock.lock();
    try {
      input(input);
    } finally {
      lock.unlock();
    }
  }

  private void input(HolderInput input) {
    HolderState before = state;
    HolderStep step = HolderMachine.step(before, input);
    state = step.next();
    if (before.getClass() != state.getClass()) {
      try (var _ = MDC.putCloseable("migration", migration.toString())) {
        LOG.info(
            "epoch {}: {} -> {} by {}",
            state.epoch(),
            before.getClass().getSimpleName(),
            state.getClass().getSimpleName(),
            input.getClass().getSimpleName());
      }
    }
    Transitions.heard(before, input, step)
        .ifPresent(word -> context.trace().stepped(migration, word));
    carryOut(step, Transitions.holder(before, input, step));
  }

  // ---- Outputs.

  /** The step is told of once its records are on disk. */
  private void carryOut(HolderStep step, Transition transition) {
    List<HolderOutput> outputs = step.outputs();
    int records = step.endOfRecords();
    outputs.subList(0, records).forEach(this::carryOut);
    context.trace().stepped(migration, transition);
    outputs.subList(records, outputs.size()).forEach(this::carryOut);
  }

  private void carryOut(HolderOutput output) {
    switch (output) {
      case HolderOutput.Persist persist -> persist(persist.record());
      case HolderOutput.Accept accept -> {}
      case HolderOutput.Refuse refuse -> refused = Optional.of(refuse.failure());
      case HolderOutput.SetUpShell shell -> {
        // As they are now: another epoch may bring others before the thread begins.
        Opening opened = opening;
        GuestMetadata metadata = incoming.orElseThrow();
        background("shell", () -> setUpShell(shell.epoch(), opened, metadata));
      }
      case HolderOutput.AcceptMetadata accept -> {
        // Not before: until here the gate of the epoch before may still be cut.
        gate = new TransferGate();
        answers.metadataAccepted();
      }
      case HolderOutput.RefuseMetadata refuse -> answers.metadataRefused(refuse.failure());
      case HolderOutput.CutTransfers cut -> gate.close(cut.why());
      case HolderOutput.Verify verify -> background("verify", () -> verify(verify));
      case HolderOutput.Load load -> background("load", () -> load(load.epoch()));
      case HolderOutput.Ask ask -> ask(ask);
      case HolderOutput.FindGuest find -> background("find", () -> find(find.epoch()));
      case HolderOutput.ReportIncomplete report -> reportIncomplete();
      case HolderOutput.ReportPrepared report -> answers.prepared(report.memoryDigest());
      case HolderOutput.ReportPrepareFailed report -> answers.failed(report.failure());
      case HolderOutput.ResumeGuest resume -> background("resume", () -> resume(resume.epoch()));
      case HolderOutput.ReportRunning report -> {
        standstill.end();
        answers.running();
      }
      case HolderOutput.ReportResumeFailed report -> {
        standStill(report.failure());
        answers.failed(report.failure());
      }
      case HolderOutput.CutSwitchover cut -> {
        answers.failed(cut.why());
        answers.metadataRefused(cut.why());
      }
      case HolderOutput.DiscardShell discard -> place.discardShell();
      case HolderOutput.StartRelay start -> relays.start(start);
      case HolderOutput.StopRelay stop -> relays.stop();
      case HolderOutput.Wipe wipe -> place.wipe();
    }
  }

  private void persist(HolderRecord record) {
    Journal journal = context.journal();
    switch (record) {
      case HolderRecord.OpenedAs opened -> {
        journal.append(migration, opened);
        senders.clear();
      }
      case HolderRecord.GrantedWith granted -> {
        journal.append(migration, granted);
        sit(granted);
      }
      case HolderRecord.OwnedWith owned ->
          context
              .acceptors()
              .end(
                  new Attempt(migration, owned.epoch()),
                  Choice.DESTINATION,
                  seat -> journal.append(migration, owned, seat));
      default -> journal.append(migration, record);
    }
  }

  /** With a witness, the record of the grant is this peer's own first vote. */
  private void sit(HolderRecord.GrantedWith granted) {
    grantTaken = true;
    if (granted.electorate().acceptors().contains(granted.electorate().destination())) {
      context
          .acceptors()
          .sit(new Attempt(migration, granted.epoch()), granted.electorate(), Acceptor.granted());
    }
  }

  private void ask(HolderOutput.Ask ask) {
    context
        .ballots()
        .ask(
            new Attempt(migration, ask.epoch()),
            ask.acceptor(),
            ask.question(),
            answer -> answer(new HolderInput.Answered(ask.epoch(), ask.acceptor(), answer)));
  }

  private void background(String what, Runnable work) {
    if (recovering) {
      // A peer that starts serves nobody before its guests are found.
      work.run();
    } else {
      Thread.ofVirtual().name(what + "-" + migration).start(work);
    }
  }

  private interface Work {
    HolderInput run() throws DcmException;
  }

  /** Every question gets an answer, also where this peer has a defect. */
  private static HolderInput outcome(Work work, Function<Failure, HolderInput> failed) {
    try {
      return work.run();
    } catch (DcmException failure) {
      return failed.apply(failure.failure());
    } catch (RuntimeException defect) {
      LOG.error("a defect of this peer", defect);
      return failed.apply(
          new Failure(Reason.INTERNAL, "a defect of this peer; its log has the details"));
    }
  }

  private void setUpShell(long epoch, Opening opened, GuestMetadata metadata) {
    HolderInput result =
        outcome(
            () -> {
              place.setUpShell(epoch, opened, metadata, () -> isOpened(epoch));
              return new HolderInput.ShellReady(epoch);
            },
            failure -> new HolderInput.ShellFailed(epoch, failure));
    lock.lock();
    try {
      input(result);
      if (!(state instanceof HolderState.Receiving) || state.epoch() != epoch) {
        // The source has turned elsewhere meanwhile: this shell is nobody's.
        place.discardShell(epoch);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isOpened(long epoch) {
    return state instanceof HolderState.Opened && state.epoch() == epoch;
  }

  private void verify(HolderOutput.Verify verify) {
    boolean equal;
    try {
      PageStore store = place.requireStore();
      equal = store.memoryDigest() == verify.memoryDigest() && store.missingPages() == 0;
    } catch (RuntimeException givenUp) {
      // Wiped meanwhile: then nobody waits for this.
      equal = false;
    }
    answer(new HolderInput.Verified(verify.epoch(), equal));
  }

  private void load(long epoch) {
    answer(
        outcome(
            () -> {
              place.load(deviceState);
              return new HolderInput.Loaded(epoch);
            },
            failure -> new HolderInput.LoadFailed(epoch, failure)));
    deviceState = new byte[0];
  }

  private void find(long epoch) {
    answer(
        outcome(
            () -> {
              place.find();
              return new HolderInput.Loaded(epoch);
            },
            failure -> new HolderInput.LoadFailed(epoch, failure)));
  }

  private void reportIncomplete() {
    // What lacks comes by new transfers; those before were cut for the comparison.
    gate = new TransferGate();
    answers.incomplete(place.requireStore());
  }

  private void standStill(Failure why) {
    if (state instanceof HolderState.Owned) {
      standstill.begin(why, System.nanoTime());
    } else {
      standstill.end();
    }
  }

  private void resume(long epoch) {
    HolderInput result =
        outcome(
            () ->
                switch (place.resume()) {
                  case GuestShell.Resumption.Done done -> new HolderInput.Resumed(epoch);
                  case GuestShell.Resumption.NeverRan never ->
                      new HolderInput.ResumeFailed(epoch, never.why(), true);
                },
            failure -> new HolderInput.ResumeFailed(epoch, failure, false));
    if (result instanceof HolderInput.ResumeFailed failed && standstill.isNew(failed.failure())) {
      LOG.error(
          "guest {} is owned here and does not run: {}", guestName(), failed.failure().sentence());
    }
    answer(result);
  }
}
