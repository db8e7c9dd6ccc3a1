package org.dcmigrate.peer.source;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.client.SwitchoverCall;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.machine.SourceMachine;
import org.dcmigrate.protocol.machine.SourceOutput;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.machine.SourceStep;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One migration that leaves this peer: carries out what {@link SourceMachine} decides. One thread
 * takes the inputs in order and carries out the outputs; calls to other peers run on threads of
 * their own, the guest is read by the {@link Pump}, and both come back as inputs.
 */
public final class SourceMigration {
  private static final Logger LOG = LoggerFactory.getLogger(SourceMigration.class);
  private static final long TICK_MS = 250;
  private static final int AUDIT_PAGES = 64;
  private static final Duration REACH = Duration.ofSeconds(3);

  private record Waiting(SourceInput input, Optional<CompletableFuture<Optional<Failure>>> asker) {}

  private final MigrationId migration;
  private final Guest guest;
  private final SourceContext context;
  private final Course course;
  private final HolderWatch watch;
  private final LinkedBlockingQueue<Waiting> inputs = new LinkedBlockingQueue<>();
  private final Map<PeerId, PageSet> available = new ConcurrentHashMap<>();
  private final Map<PeerId, Long> heldPages = new ConcurrentHashMap<>();
  private final Queue<CompletableFuture<Optional<Failure>>> redirects = new ArrayDeque<>();
  private final CompletableFuture<Boolean> over = new CompletableFuture<>();

  private final ReentrantLock changes = new ReentrantLock();
  private final Condition changed = changes.newCondition();

  private volatile SourceState state;
  private volatile Optional<GuestSource> source = Optional.empty();
  private volatile Optional<SourcePages> pages = Optional.empty();
  private volatile Optional<Pump> pump = Optional.empty();
  private volatile Optional<StoppedGuest> sealed = Optional.empty();
  private volatile Optional<SwitchoverCall> switchover = Optional.empty();
  private volatile byte[] deviceState = new byte[0];
  private Optional<CompletableFuture<Optional<Failure>>> asker = Optional.empty();

  private SourceMigration(
      MigrationId migration, Guest guest, SourceContext context, SourceState first, boolean audit) {
    this.migration = migration;
    this.guest = guest;
    this.context = context;
    this.state = first;
    this.course = new Course(audit);
    this.watch =
        new HolderWatch(
            migration,
            context,
            new HolderWatch.Listener() {
              @Override
              public void happened(SourceInput input) {
                post(input);
              }

              @Override
              public void polled() {
                sampleProgress();
              }
            });
  }

  private void sampleProgress() {
    course.meter().contributorsSent(watch.contributorBytes());
    course.meter().sample(System.nanoTime());
  }

  /**
   * Begins a migration. When this returns, the first attempt is on disk.
   *
   * @throws DcmException when the guest cannot be migrated; then nothing was changed
   */
  static SourceMigration start(
      MigrationId migration,
      Guest guest,
      PeerId to,
      Duration downtimeLimit,
      boolean audit,
      SourceContext context)
      throws DcmException {
    SourceStep first =
        SourceMachine.start(context.peers().self().id(), to, context.timeouts().parked().toNanos());
    SourceMigration started = new SourceMigration(migration, guest, context, first.next(), audit);
    GuestSource source = guest.beginMigration(downtimeLimit);
    try {
      Geometry geometry = source.metadata().geometry();
      context
          .journal()
          .sourceGuest(
              migration, new Journal.GuestEntry(guest.name(), source.metadata().kind(), geometry));
      SourcePages pages = new SourcePages(geometry, context.digest());
      started.source = Optional.of(source);
      started.pages = Optional.of(pages);
      Pump pump = new Pump(source, pages, context, started.new PumpListener());
      started.pump = Optional.of(pump);
      started.carryOut(first);
      pump.start(migration.toString());
      started.watch.start(pages);
    } catch (RuntimeException failed) {
      source.close();
      throw failed;
    }
    Thread.ofVirtual().name("migration-" + migration).start(started::run);
    return started;
  }

  /** Takes a migration up again from the journal after a restart. */
  static SourceMigration recover(
      Journal.Entry<org.dcmigrate.protocol.machine.SourceRecord> entry,
      Guest guest,
      SourceContext context) {
    SourceStep first =
        SourceMachine.recover(context.peers().self().id(), entry.records(), System.nanoTime());
    SourceMigration recovered =
        new SourceMigration(entry.migration(), guest, context, first.next(), false);
    if (!first.outputs().isEmpty()) {
      try {
        recovered.sealed = Optional.of(guest.recover());
      } catch (DcmException gone) {
        LOG.warn("guest {} of migration {}: {}", guest.name(), entry.migration(), gone.sentence());
      }
      recovered.carryOut(first);
    }
    if (recovered.state instanceof SourceState.Ended) {
      recovered.finish();
    } else {
      Thread.ofVirtual().name("migration-" + entry.migration()).start(recovered::run);
    }
    return recovered;
  }

  /** The migration. */
  public MigrationId migration() {
    return migration;
  }

  /** Asks for another destination; completes when it has accepted, or with why it has not. */
  CompletableFuture<Optional<Failure>> redirect(PeerId to) {
    return ask(new SourceInput.RedirectAsked(to));
  }

  /** Cancels; completes at the end, or with why it cannot be cancelled. */
  CompletableFuture<Optional<Failure>> cancel() {
    CompletableFuture<Optional<Failure>> answer = ask(new SourceInput.CancelAsked());
    var _ = over.thenRun(() -> answer.complete(Optional.empty()));
    return answer;
  }

  /** Completes when nothing will change any more. */
  CompletableFuture<Boolean> over() {
    return over;
  }

  /** Waits until the state is another one than this, or for as long as said. */
  public void awaitChange(SourceState seen, Duration patience) {
    changes.lock();
    try {
      long leftNs = patience.toNanos();
      while (leftNs > 0 && state.getClass() == seen.getClass() && !over.isDone()) {
        leftNs = changed.awaitNanos(leftNs);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } finally {
      changes.unlock();
    }
  }

  private void signalChange() {
    changes.lock();
    try {
      changed.signalAll();
    } finally {
      changes.unlock();
    }
  }

  /** Whether the guest is somewhere for good. */
  boolean ended() {
    return over.isDone();
  }

  private CompletableFuture<Optional<Failure>> ask(SourceInput input) {
    CompletableFuture<Optional<Failure>> answer = new CompletableFuture<>();
    if (over.isDone()) {
      SourceStep step = SourceMachine.step(state, input, System.nanoTime());
      answer.complete(
          step.outputs().stream()
              .filter(SourceOutput.Refuse.class::isInstance)
              .map(output -> ((SourceOutput.Refuse) output).failure())
              .findFirst());
    } else {
      inputs.add(new Waiting(input, Optional.of(answer)));
    }
    return answer;
  }

  private void post(SourceInput input) {
    inputs.add(new Waiting(input, Optional.empty()));
  }

  /** The migration at this moment. */
  public MigrationView view() {
    return Views.of(migration, guest.name(), state, context, course, pages, watch);
  }

  // ---- The migration's thread.

  private void run() {
    try (var _ = MDC.putCloseable("migration", migration.toString())) {
      while (!(state instanceof SourceState.Ended)) {
        Optional<Waiting> next = Optional.ofNullable(inputs.poll(TICK_MS, TimeUnit.MILLISECONDS));
        if (next.isPresent()) {
          take(next.get());
        } else {
          take(new Waiting(new SourceInput.Tick(), Optional.empty()));
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return;
    }
    finish();
    for (Waiting late = inputs.poll(); late != null; late = inputs.poll()) {
      take(late);
    }
  }

  private void take(Waiting next) {
    SourceState before = state;
    SourceStep step = SourceMachine.step(before, next.input(), System.nanoTime());
    asker = next.asker();
    if (next.input() instanceof SourceInput.RedirectAsked && accepted(step)) {
      next.asker().ifPresent(redirects::add);
      course.redirectAsked();
    }
    state = step.next();
    if (before.getClass() != state.getClass()) {
      LOG.info(
          "{} -> {} by {}",
          before.getClass().getSimpleName(),
          state.getClass().getSimpleName(),
          next.input());
      signalChange();
      context.observer().changed(migration, before, state);
    }
    if (next.input() instanceof SourceInput.Running) {
      course.running();
    }
    carryOut(step);
  }

  private static boolean accepted(SourceStep step) {
    return step.outputs().stream().noneMatch(SourceOutput.Refuse.class::isInstance);
  }

  private void carryOut(SourceStep step) {
    step.outputs().forEach(this::carryOut);
  }

  private void carryOut(SourceOutput output) {
    switch (output) {
      case SourceOutput.Persist persist -> context.journal().append(migration, persist.record());
      case SourceOutput.Open open -> call(() -> open(open));
      case SourceOutput.SendMetadata send -> call(() -> sendMetadata(send));
      case SourceOutput.StopSending stop -> pump.ifPresent(p -> p.stopSending(stop.epoch()));
      case SourceOutput.Detach detach -> call(() -> detach(detach));
      case SourceOutput.StartTransfer start -> startTransfer(start);
      case SourceOutput.Reconcile reconcile -> pump.ifPresent(Pump::reconcile);
      case SourceOutput.LetStop let -> pump.ifPresent(Pump::letStop);
      case SourceOutput.HoldBack hold -> pump.ifPresent(Pump::holdBack);
      case SourceOutput.ResumeGuest resume -> {
        switchover.ifPresent(SwitchoverCall::close);
        switchover = Optional.empty();
        pump.ifPresent(Pump::resumeGuest);
      }
      case SourceOutput.Prepare prepare -> call(() -> prepare(prepare));
      case SourceOutput.Repair repair -> pump.ifPresent(Pump::repair);
      case SourceOutput.Seal seal -> pump.ifPresent(p -> p.seal(seal.epoch()));
      case SourceOutput.Commit commit -> call(() -> commit(commit));
      case SourceOutput.TakeBack back -> takeBack();
      case SourceOutput.QuitGuest quit -> quitGuest();
      case SourceOutput.EndGuestMigration end -> endGuestMigration();
      case SourceOutput.Abort abort -> {
        watch.forget(abort.peer());
        call(() -> tell(abort.peer(), client -> client.abort(attempt(abort.epoch()), goodbye())));
      }
      case SourceOutput.Release release -> {
        watch.forget(release.peer());
        call(
            () ->
                tell(
                    release.peer(), client -> client.release(attempt(release.epoch()), goodbye())));
      }
      case SourceOutput.Refuse refuse ->
          asker.ifPresent(answer -> answer.complete(Optional.of(refuse.failure())));
      case SourceOutput.RedirectDone done -> {
        course.redirected();
        Optional.ofNullable(redirects.poll()).ifPresent(a -> a.complete(Optional.empty()));
      }
      case SourceOutput.RedirectFailed failed ->
          Optional.ofNullable(redirects.poll())
              .ifPresent(a -> a.complete(Optional.of(failed.failure())));
    }
  }

  private void call(Runnable work) {
    Thread.ofVirtual()
        .name("call-" + migration)
        .start(
            () -> {
              try {
                work.run();
              } catch (IllegalStateException closed) {
                // A late answer finds the page table freed once the migration is over.
                if (!over.isDone()) {
                  throw closed;
                }
              }
            });
  }

  private void open(SourceOutput.Open open) {
    try {
      long held =
          reached(open.to())
              .open(
                  attempt(open.epoch()),
                  guest.name(),
                  source.orElseThrow().metadata().kind(),
                  open.contributors(),
                  context.digest(),
                  context.timeouts().lease(),
                  context.timeouts().open());
      heldPages.put(open.to(), held);
      watch.destination(open.to(), open.epoch());
      post(new SourceInput.OpenAccepted(open.epoch()));
    } catch (DcmException refused) {
      post(new SourceInput.OpenRefused(open.epoch(), at(open.to(), refused)));
    }
  }

  private void sendMetadata(SourceOutput.SendMetadata send) {
    try {
      context
          .peers()
          .client(send.to())
          .resendMetadata(
              attempt(send.epoch()), source.orElseThrow().metadata(), context.timeouts().open());
      post(new SourceInput.MetadataAccepted(send.epoch()));
    } catch (DcmException refused) {
      post(new SourceInput.OpenRefused(send.epoch(), at(send.to(), refused)));
    }
  }

  private void detach(SourceOutput.Detach detach) {
    SourcePages all = pages.orElseThrow();
    PageSet current = new PageSet(all.geometry());
    try {
      watch.forget(detach.peer());
      context
          .peers()
          .client(detach.peer())
          .detach(
              attempt(detach.epoch()),
              detach.newDestination(),
              all.geometry(),
              held -> all.markCurrent(held, current),
              context.timeouts().contributorSilence());
      available.put(detach.peer(), current);
      watch.contributor(detach.peer(), detach.epoch());
      post(new SourceInput.Detached(detach.epoch(), detach.peer()));
    } catch (DcmException failed) {
      post(
          new SourceInput.ContributorLost(
              detach.epoch(), detach.peer(), at(detach.peer(), failed)));
    }
  }

  private void startTransfer(SourceOutput.StartTransfer start) {
    Map<PeerId, PageSet> usable = new HashMap<>();
    for (PeerId peer : start.contributors()) {
      Optional.ofNullable(available.get(peer)).ifPresent(set -> usable.put(peer, set));
    }
    available.clear();
    try {
      PeerClient client = context.peers().client(start.to());
      long held = Optional.ofNullable(heldPages.remove(start.to())).orElse(0L);
      pump.orElseThrow().startTransfer(attempt(start.epoch()), client, held, usable);
    } catch (DcmException unknown) {
      post(new SourceInput.DestinationLost(start.epoch(), unknown.failure()));
    }
  }

  private void relay(long epoch, PeerId peer) {
    try {
      context
          .peers()
          .client(peer)
          .relay(
              attempt(epoch),
              pages.orElseThrow().owedCopy(peer),
              context.timeouts().contributorSilence());
    } catch (DcmException failed) {
      pages.orElseThrow().settle(peer);
      post(new SourceInput.ContributorLost(epoch, peer, at(peer, failed)));
    }
  }

  private void prepare(SourceOutput.Prepare prepare) {
    try {
      course.prepareSent();
      SwitchoverCall call =
          context.peers().client(destination()).switchover(attempt(prepare.epoch()));
      switchover.ifPresent(SwitchoverCall::close);
      switchover = Optional.of(call);
      long digest = pages.orElseThrow().memoryDigest();
      SwitchoverCall.PrepareResult result =
          call.prepare(digest, deviceState, context.timeouts().switchover());
      switch (result) {
        case SwitchoverCall.PrepareResult.Ready ready when ready.memoryDigest() == digest -> {
          course.prepared(digest);
          post(new SourceInput.Prepared(prepare.epoch(), digest));
        }
        case SwitchoverCall.PrepareResult.Ready ready ->
            post(
                new SourceInput.PrepareFailed(
                    prepare.epoch(),
                    new Failure(
                        Reason.DIGEST_MISMATCH,
                        "the destination prepared another memory than the one sent")));
        case SwitchoverCall.PrepareResult.Differs differs -> {
          LOG.warn("the destination's memory differs, {} pages missing", differs.missingPages());
          post(new SourceInput.Incomplete(prepare.epoch()));
        }
      }
    } catch (DcmException failed) {
      post(new SourceInput.PrepareFailed(prepare.epoch(), at(destination(), failed)));
    }
  }

  private void commit(SourceOutput.Commit commit) {
    Attempt attempt = attempt(commit.epoch());
    try {
      SwitchoverCall call =
          switchover.isPresent() ? switchover.get() : reached(commit.to()).switchover(attempt);
      call.commit(commit.memoryDigest(), context.timeouts().switchover());
      post(new SourceInput.Running(commit.epoch()));
    } catch (DcmException failed) {
      switchover.ifPresent(SwitchoverCall::close);
      switchover = Optional.empty();
      boolean refused =
          failed.reason() == Reason.ATTEMPT_DISCARDED
              || failed.reason() == Reason.MIGRATION_UNKNOWN;
      post(
          refused
              ? new SourceInput.CommitRefused(commit.epoch(), at(commit.to(), failed))
              : new SourceInput.CommitLost(commit.epoch(), at(commit.to(), failed)));
    }
  }

  private PeerClient reached(PeerId peer) throws DcmException {
    PeerClient client = context.peers().client(peer);
    client.reach(REACH);
    return client;
  }

  private void takeBack() {
    Optional<StoppedGuest> given = sealed;
    sealed = Optional.empty();
    given.ifPresent(
        stopped -> {
          try {
            stopped.resume();
          } catch (DcmException failed) {
            LOG.error("the guest is this peer's and does not resume: {}", failed.sentence());
            course.explain("the guest does not resume: " + failed.sentence());
          }
        });
  }

  private void quitGuest() {
    context.guestLeft().accept(guest.name());
    sealed.ifPresent(
        stopped -> {
          if (course.auditAsked()) {
            course.audited(audit(stopped));
          }
          stopped.quit();
        });
    context.guests().remove(guest.name());
  }

  /** Whether the stopped guest's memory, read anew, is what the destination verified. */
  private boolean audit(StoppedGuest stopped) {
    SourcePages all = pages.orElseThrow();
    PageDigest fresh = PageDigest.newInstance(context.digest());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate((long) AUDIT_PAGES * Geometry.PAGE_BYTES);
      for (int block = 0; block < all.geometry().blocks().size(); block++) {
        long count = all.geometry().blocks().get(block).pages();
        for (long first = 0; first < count; first += AUDIT_PAGES) {
          int run = (int) Math.min(AUDIT_PAGES, count - first);
          stopped.read(block, first, run, buffer);
          for (int i = 0; i < run; i++) {
            MemorySegment page =
                buffer.asSlice((long) i * Geometry.PAGE_BYTES, Geometry.PAGE_BYTES);
            if (!all.sameAsEmitted(fresh, block, first + i, page)) {
              LOG.error("audit: page {} of block {} differs", first + i, block);
              return false;
            }
          }
        }
      }
      return true;
    } catch (DcmException failed) {
      LOG.error("audit: {}", failed.sentence());
      return false;
    }
  }

  private void endGuestMigration() {
    if (pump.isPresent()) {
      pump.get().close();
    } else {
      takeBack();
    }
    context.guests().free(guest.name(), migration);
  }

  private void finish() {
    watch.close();
    switchover.ifPresent(SwitchoverCall::close);
    pump.ifPresent(Pump::close);
    sampleProgress();
    MigrationView.Progress last = Views.progress(course, pages, watch, Views.destination(state));
    pump.ifPresent(Pump::awaitEnd);
    course.end(last);
    over.complete(true);
    signalChange();
    pages.ifPresent(SourcePages::close);
  }

  private interface Farewell {
    void say(PeerClient client) throws DcmException;
  }

  private void tell(PeerId peer, Farewell farewell) {
    try {
      farewell.say(context.peers().client(peer));
    } catch (DcmException unheard) {
      LOG.info(
          "{} was not told of the end; its lease will: {}",
          context.peers().name(peer),
          unheard.sentence());
    }
  }

  private Duration goodbye() {
    return context.timeouts().open();
  }

  private Attempt attempt(long epoch) {
    return new Attempt(migration, epoch);
  }

  private PeerId destination() {
    return Views.destination(state).orElse(context.peers().self().id());
  }

  private Failure at(PeerId peer, DcmException failed) {
    return new Failure(failed.reason(), context.peers().name(peer) + ": " + failed.sentence());
  }

  private final class PumpListener implements Pump.Listener {
    @Override
    public void happened(SourceInput input) {
      post(input);
    }

    @Override
    public void passEnded(int pass, long dirtyPages) {
      course.passEnded(pass, dirtyPages);
    }

    @Override
    public void sent(long payloadBytes) {
      course.meter().sourceSent(payloadBytes);
    }

    @Override
    public void planned(long epoch, double fraction, List<PeerId> relaying) {
      course.turnedAt(fraction);
      relaying.forEach(peer -> call(() -> relay(epoch, peer)));
    }

    @Override
    public void stopped(byte[] state, long stoppedAtNs) {
      deviceState = state;
      course.stopped(stoppedAtNs);
    }

    @Override
    public void sealed(StoppedGuest stopped) {
      sealed = Optional.of(stopped);
    }
  }
}
