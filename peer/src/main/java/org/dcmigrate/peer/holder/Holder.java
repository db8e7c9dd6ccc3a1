package org.dcmigrate.peer.holder;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.memory.GuestHome;
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
import org.dcmigrate.protocol.machine.HolderInput;
import org.dcmigrate.protocol.machine.HolderMachine;
import org.dcmigrate.protocol.machine.HolderOutput;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.machine.HolderStep;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
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

  private final MigrationId migration;
  private final HolderContext context;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<PeerId, SenderCounter> senders = new ConcurrentHashMap<>();

  private HolderState state;
  private Opening opening;
  private Optional<PeerId> source;
  private boolean recovering;
  private Optional<Journal.GuestEntry> recovered = Optional.empty();
  private Optional<GuestMetadata> incoming = Optional.empty();
  private Optional<HeldGuest> held = Optional.empty();
  private Optional<Relay> relay = Optional.empty();
  private Optional<Relay> nextRelay = Optional.empty();
  private TransferGate gate = new TransferGate();
  private CompletableFuture<Optional<Failure>> metadataAnswer = new CompletableFuture<>();
  private Optional<SwitchoverReplies> switchover = Optional.empty();
  private byte[] deviceState = new byte[0];
  private long commitArrivedNs;
  private long contactNs;
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
      HolderState initial) {
    this.migration = migration;
    this.context = context;
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
        new Holder(migration, context, opening, Optional.of(asked.source()), first.next());
    holder.lock.lock();
    try {
      holder.carryOut(first);
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
            first.next());
    holder.recovered = Optional.of(entry.guest());
    holder.recovering = true;
    holder.lock.lock();
    try {
      holder.carryOut(first);
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
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
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
          if (held.isPresent() && again.digest() != opening.digest()) {
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
      return held.map(guest -> guest.store().heldPages()).orElse(0L);
    } finally {
      lock.unlock();
    }
  }

  /** Takes the metadata and sets the guest's shell up; returns when it stands ready. */
  public void metadata(long epoch, GuestMetadata metadata) throws DcmException {
    CompletableFuture<Optional<Failure>> answer = new CompletableFuture<>();
    locked(
        () -> {
          refuseOtherEpoch(epoch);
          Optional<GuestMetadata> before = held.map(HeldGuest::metadata);
          if (before.isPresent() && !before.get().equals(metadata)) {
            throw new DcmException(
                Reason.FIELD_INVALID,
                "the metadata differs from what came in an earlier epoch of the migration");
          }
          metadataAnswer = answer;
          incoming = Optional.of(metadata);
          request(new HolderInput.MetadataArrived(epoch));
          return true;
        });
    try {
      Optional<Failure> failure = answer.get();
      if (failure.isPresent()) {
        throw failure.get().exception();
      }
    } catch (ExecutionException impossible) {
      throw new AssertionError("metadata answers are values", impossible);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(Reason.PEER_NOT_SERVING, "this peer is shutting down", interrupted);
    }
  }

  private void refuseOtherEpoch(long epoch) throws DcmException {
    if (epoch == state.epoch() && state instanceof HolderState.Opened) {
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
              return held.map(HeldGuest::store);
            });
    store.ifPresent(pages -> pages.inventory(each));
  }

  /** Digests of all segments: for each block, one per 512 pages. */
  public Optional<PageStore> segments(long epoch) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.InventoryAsked(epoch));
          return held.map(HeldGuest::store);
        });
  }

  /** Lets a sender write pages in this epoch. */
  public PageWriter admit(long epoch, PeerId sender) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.TransferAsked(epoch, sender));
          SenderCounter counter = senders.computeIfAbsent(sender, _ -> new SenderCounter());
          return new PageWriter(gate, heldGuest().store(), counter);
        });
  }

  /** Takes the stopped guest's device state and expected digest; answers go to the replies. */
  public void prepare(long epoch, long memoryDigest, byte[] device, SwitchoverReplies replies)
      throws DcmException {
    locked(
        () -> {
          request(new HolderInput.PrepareArrived(epoch, memoryDigest), Optional.of(replies));
          deviceState = device;
          return true;
        });
  }

  /** Takes the commit; answers go to the replies. */
  public void commit(long epoch, long memoryDigest, SwitchoverReplies replies) throws DcmException {
    locked(
        () -> {
          commitArrivedNs = System.nanoTime();
          request(new HolderInput.CommitArrived(epoch, memoryDigest), Optional.of(replies));
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

  /** The guest's memory layout, once the metadata is here. */
  public Geometry geometry() throws DcmException {
    return locked(
        () ->
            held.map(guest -> guest.metadata().geometry())
                .orElseThrow(
                    () ->
                        new DcmException(
                            Reason.STATE_CONFLICT, "the metadata has not arrived yet")));
  }

  /** Starts the relay of those named pages that are held; gives their number. */
  public long relay(long epoch, PageSet named) throws DcmException {
    return locked(
        () -> {
          PageStore store = heldGuest().store();
          PageSet waiting = store.heldOf(named);
          nextRelay = Optional.of(new Relay(new Attempt(migration, epoch), store, waiting));
          long pages = waiting.count();
          request(new HolderInput.RelayAsked(epoch));
          return pages;
        });
  }

  /** Takes pages off the relay; gives how many were still waiting. */
  public long skip(long epoch, List<Extent> extents) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.SkipAsked(epoch));
          return relay.map(running -> running.skip(extents)).orElse(0L);
        });
  }

  /** Tells how the relay goes. */
  public RelayProgress relayProgress(long epoch) throws DcmException {
    return locked(
        () -> {
          request(new HolderInput.StatusAsked(epoch));
          return relay
              .map(
                  running ->
                      new RelayProgress(
                          state,
                          running.waitingPages(),
                          running.relayedPages(),
                          running.payloadBytes()))
              .orElse(new RelayProgress(state, 0, 0, 0));
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

  /** Looks whether the lease has ended. */
  void tick(long nowNs) {
    lock.lock();
    try {
      if (nowNs - contactNs > opening.lease().toNanos()) {
        input(new HolderInput.LeaseEnded());
      }
    } finally {
      lock.unlock();
    }
  }

  /** The guest that this holder owned has left this peer. */
  void guestLeft() {
    lock.lock();
    try {
      if (state instanceof HolderState.Owned owned) {
        context
            .journal()
            .append(migration, new HolderRecord.GuestLeft(owned.epoch(), owned.memoryDigest()));
      }
    } finally {
      lock.unlock();
    }
  }

  /** This peer stops: ends everything that does not own its guest. */
  void stop() {
    lock.lock();
    try {
      if (!(state instanceof HolderState.Owned)) {
        carryOut(
            new HolderStep(
                state,
                List.of(
                    new HolderOutput.StopRelay(),
                    new HolderOutput.CutTransfers(stopping()),
                    new HolderOutput.CutSwitchover(stopping()),
                    new HolderOutput.Wipe())));
      }
    } finally {
      lock.unlock();
    }
  }

  private static Failure stopping() {
    return new Failure(Reason.PEER_NOT_SERVING, "this peer is shutting down");
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
    request(input, Optional.empty());
  }

  private void request(HolderInput input, Optional<SwitchoverReplies> replies) throws DcmException {
    Optional<SwitchoverReplies> before = switchover;
    if (replies.isPresent()) {
      switchover = replies;
    }
    refused = Optional.empty();
    input(input);
    if (refused.isPresent()) {
      if (replies.isPresent()) {
        switchover = before;
      }
      throw refused.get().exception();
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
    carryOut(step);
  }

  // ---- Outputs.

  private void carryOut(HolderStep step) {
    for (HolderOutput output : step.outputs()) {
      carryOut(output);
    }
  }

  private void carryOut(HolderOutput output) {
    switch (output) {
      case HolderOutput.Persist persist -> {
        if (persist.record() instanceof HolderRecord.OpenedAs) {
          senders.clear();
        }
        context.journal().append(migration, persist.record());
      }
      case HolderOutput.Accept accept -> {}
      case HolderOutput.Refuse refuse -> refused = Optional.of(refuse.failure());
      case HolderOutput.SetUpShell shell -> background("shell", () -> setUpShell(shell.epoch()));
      case HolderOutput.AcceptMetadata accept -> {
        // Not before: until here the gate of the epoch before may still be cut.
        gate = new TransferGate();
        metadataAnswer.complete(Optional.empty());
      }
      case HolderOutput.RefuseMetadata refuse ->
          metadataAnswer.complete(Optional.of(refuse.failure()));
      case HolderOutput.CutTransfers cut -> gate.close(cut.why());
      case HolderOutput.Verify verify -> background("verify", () -> verify(verify));
      case HolderOutput.Load load -> background("load", () -> load(load.epoch()));
      case HolderOutput.ReportIncomplete report -> reportIncomplete();
      case HolderOutput.ReportPrepared report ->
          switchover.ifPresent(replies -> replies.prepared(report.memoryDigest()));
      case HolderOutput.ReportPrepareFailed report -> fail(report.failure());
      case HolderOutput.ResumeGuest resume -> background("resume", () -> resume(resume.epoch()));
      case HolderOutput.ReportRunning report ->
          switchover.ifPresent(
              replies -> replies.running(Duration.ofNanos(System.nanoTime() - commitArrivedNs)));
      case HolderOutput.ReportResumeFailed report -> fail(report.failure());
      case HolderOutput.CutSwitchover cut -> {
        fail(cut.why());
        metadataAnswer.complete(Optional.of(cut.why()));
      }
      case HolderOutput.DiscardShell discard -> held.ifPresent(HeldGuest::discardShell);
      case HolderOutput.StartRelay start -> startRelay(start);
      case HolderOutput.StopRelay stop -> relay.ifPresent(Relay::stop);
      case HolderOutput.Wipe wipe -> wipe();
    }
  }

  private void fail(Failure why) {
    switchover.ifPresent(replies -> replies.failed(why));
    switchover = Optional.empty();
  }

  private void background(String what, Runnable work) {
    if (recovering) {
      // A peer that starts serves nobody before its guests are found.
      work.run();
    } else {
      Thread.ofVirtual().name(what + "-" + migration).start(work);
    }
  }

  private void setUpShell(long epoch) {
    HolderInput result;
    try {
      GuestMetadata metadata = incoming.orElseThrow();
      if (context.guests().has(opening.guestName())) {
        throw new DcmException(
            Reason.GUEST_EXISTS,
            "this peer runs a guest named %s already".formatted(opening.guestName()));
      }
      GuestAdapter adapter = adapter(metadata.kind());
      HeldGuest guest = held.isPresent() ? held.get() : hold(metadata);
      // Before there is a shell, so that a restart finds what a crash leaves of it.
      context
          .journal()
          .holderGuest(
              migration,
              new Journal.GuestEntry(opening.guestName(), metadata.kind(), metadata.geometry()));
      guest.setUpShell(adapter, opening.guestName());
      result = new HolderInput.ShellReady(epoch);
    } catch (DcmException failed) {
      result = new HolderInput.ShellFailed(epoch, failed.failure());
    }
    lock.lock();
    try {
      input(result);
      if (!(state instanceof HolderState.Receiving) || state.epoch() != epoch) {
        // The source has turned elsewhere meanwhile: this shell is nobody's.
        held.ifPresent(HeldGuest::discardShell);
      }
    } finally {
      lock.unlock();
    }
  }

  private HeldGuest hold(GuestMetadata metadata) throws DcmException {
    long bytes = metadata.geometry().totalBytes();
    if (context.memoryLimitBytes() > 0 && bytes > context.memoryLimitBytes()) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "the guest has %d bytes of memory, and this peer's limits.memoryBytes is %d"
              .formatted(bytes, context.memoryLimitBytes()));
    }
    GuestHome home = GuestHome.open(directory(), metadata.geometry());
    HeldGuest guest = new HeldGuest(metadata, home, opening.digest());
    lock.lock();
    try {
      held = Optional.of(guest);
    } finally {
      lock.unlock();
    }
    return guest;
  }

  private void verify(HolderOutput.Verify verify) {
    PageStore store = heldGuest().store();
    boolean equal = store.memoryDigest() == verify.memoryDigest() && store.missingPages() == 0;
    answer(new HolderInput.Verified(verify.epoch(), equal));
  }

  private void load(long epoch) {
    HolderInput result;
    try {
      heldGuest().load(deviceState);
      result = new HolderInput.Loaded(epoch);
    } catch (DcmException failed) {
      result = new HolderInput.LoadFailed(epoch, failed.failure());
    }
    answer(result);
  }

  private void reportIncomplete() {
    // What lacks comes by new transfers; those before were cut for the comparison.
    gate = new TransferGate();
    PageStore store = heldGuest().store();
    switchover.ifPresent(replies -> replies.incomplete(store.memoryDigest(), store.missingPages()));
  }

  private void resume(long epoch) {
    HolderInput result;
    try {
      Guest guest = held.isPresent() ? held.get().resume() : recoverGuest();
      context.guests().put(guest);
      result = new HolderInput.Resumed(epoch);
    } catch (DcmException failed) {
      LOG.error("the guest is owned here and does not run: {}", failed.sentence());
      result = new HolderInput.ResumeFailed(epoch, failed.failure());
    }
    answer(result);
  }

  private Guest recoverGuest() throws DcmException {
    Journal.GuestEntry entry = recovered.orElseThrow();
    return adapter(entry.kind())
        .recover(
            entry.name(),
            GuestHome.open(directory(), entry.geometry()),
            !context.givenAway().contains(entry.name()));
  }

  private void startRelay(HolderOutput.StartRelay start) {
    Relay running = nextRelay.orElseThrow();
    relay = nextRelay;
    try {
      running.start(
          context.peers().client(start.to()),
          context.egress(),
          context.timeouts(),
          new Relay.Listener() {
            @Override
            public void finished() {
              // Not on the relay's own thread: who stops the relay waits for it under the lock.
              background("relay", () -> answer(new HolderInput.RelayFinished(start.epoch())));
            }

            @Override
            public void broke(Failure failure) {
              background("relay", () -> answer(new HolderInput.RelayBroke(start.epoch(), failure)));
            }
          });
    } catch (DcmException unknown) {
      background(
          "relay", () -> answer(new HolderInput.RelayBroke(start.epoch(), unknown.failure())));
    }
  }

  private void wipe() {
    held.ifPresent(HeldGuest::wipe);
    held = Optional.empty();
    relay = Optional.empty();
    if (recovered.isPresent()) {
      Orphans.remove(directory(), recovered.get(), context.adapters());
    }
  }

  private HeldGuest heldGuest() {
    return held.orElseThrow(() -> new AssertionError("the machine asks for pages not held"));
  }

  private GuestAdapter adapter(String kind) throws DcmException {
    return context.adapters().stream()
        .filter(adapter -> adapter.kind().equals(kind))
        .findFirst()
        .orElseThrow(
            () ->
                new DcmException(
                    Reason.CAPABILITY_MISSING, "this peer cannot run guests of kind " + kind));
  }

  private Path directory() {
    return context.runDirectory().resolve(migration.toString());
  }
}
