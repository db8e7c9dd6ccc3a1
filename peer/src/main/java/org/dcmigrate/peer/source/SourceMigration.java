package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.transfer.EgressFlow;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.machine.SourceMachine;
import org.dcmigrate.protocol.machine.SourceOutput;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.machine.SourceStep;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Priority;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.trace.Transition;
import org.dcmigrate.protocol.trace.Transitions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One migration that leaves this peer: carries out what {@link SourceMachine} decides. One thread
 * takes the inputs in order and carries out the outputs: calls to other peers are those of {@link
 * SourceCalls}, the guest is read by the {@link Pump}, and what becomes of either is an input
 * again.
 */
public final class SourceMigration {
  private static final Logger LOG = LoggerFactory.getLogger(SourceMigration.class);
  private static final long TICK_NS = 250_000_000L;
  private static final int MOST_SEARCHES = 3;
  private static final Duration SEARCH_PAUSE = Duration.ofSeconds(1);

  /**
   * How a migration is to behave.
   *
   * @param downtimeLimit how long the guest may stand still
   * @param audit whether the stopped guest is read anew and compared at the end
   * @param witness who is to vote beside source and destination, where there is no old destination
   * @param share limit and priority
   */
  public record Options(
      Duration downtimeLimit, boolean audit, Optional<PeerId> witness, Share share) {}

  private record Waiting(SourceInput input, Optional<CompletableFuture<Optional<Failure>>> asker) {}

  private final MigrationId migration;
  // Until the migration is over; see letGo.
  private volatile Guest guest;
  private final SourceContext context;
  private final Course course;
  private final EgressFlow flow;
  private final Outlook outlook;
  private final HolderWatch watch;
  private final SourceCalls calls;
  private final LinkedBlockingQueue<Waiting> inputs = new LinkedBlockingQueue<>();
  private final Queue<CompletableFuture<Optional<Failure>>> redirects = new ArrayDeque<>();
  private final CompletableFuture<Boolean> over = new CompletableFuture<>();

  private final ReentrantLock changes = new ReentrantLock();
  private final Condition changed = changes.newCondition();

  private volatile SourceState state;
  private volatile Optional<SourceState> lastSeen = Optional.empty();
  private volatile Optional<SourcePages> pages = Optional.empty();
  private volatile Optional<Advice.About> about = Optional.empty();
  private volatile Optional<Pump> pump = Optional.empty();
  private volatile Optional<StoppedGuest> sealed = Optional.empty();
  private volatile byte[] deviceState = new byte[0];
  private volatile boolean paused;
  private boolean restarted;
  private boolean lossNoticed;
  private Optional<CompletableFuture<Optional<Failure>>> asker = Optional.empty();

  private SourceMigration(
      MigrationId migration,
      Guest guest,
      SourceContext context,
      SourceState first,
      Options options) {
    this.migration = migration;
    this.guest = guest;
    this.context = context;
    this.state = first;
    this.flow =
        context
            .egress()
            .open(
                new EgressLimiter.Owner(migration, guest.name(), EgressLimiter.Role.SOURCE),
                options.share());
    this.course = new Course(options.audit());
    this.outlook = new Outlook(options.downtimeLimit());
    this.watch =
        new HolderWatch(
            migration,
            context,
            flow,
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
    this.calls =
        new SourceCalls(migration, guest.name(), context, course, watch, new CallListener());
  }

  private void sampleProgress() {
    course.meter().contributorsSent(watch.contributorBytes());
    course.meter().sample(System.nanoTime());
    pages.ifPresent(all -> outlook.sample(state, pump.flatMap(Pump::flow), all, course, watch));
  }

  /**
   * Begins a migration. When this returns, the first attempt is on disk.
   *
   * @throws DcmException when the guest cannot be migrated; then nothing was changed
   */
  static SourceMigration start(
      MigrationId migration, Guest guest, PeerId to, Options options, SourceContext context)
      throws DcmException {
    SourceStep first =
        SourceMachine.start(
            context.peers().self().id(),
            to,
            options.witness(),
            context.timeouts().parked().toNanos());
    SourceMigration started = new SourceMigration(migration, guest, context, first.next(), options);
    boolean paused = guest.info().state() == Guest.State.PAUSED;
    GuestSource source = started.beginGuestMigration(options.downtimeLimit());
    try {
      Geometry geometry = source.metadata().geometry();
      context
          .journal()
          .sourceGuest(
              migration, new Journal.GuestEntry(guest.name(), source.metadata().kind(), geometry));
      started.notePaused(paused);
      SourcePages pages = new SourcePages(geometry, context.digest());
      started.pages = Optional.of(pages);
      started.course.begins(geometry.totalPages());
      started.about =
          Optional.of(
              new Advice.About(
                  migration,
                  guest.name(),
                  source.metadata().kind(),
                  source.metadata().properties()));
      started.calls.guest(source.metadata(), pages);
      Pump pump =
          new Pump(
              source,
              pages,
              context.timeouts(),
              context.compression(),
              started.flow,
              started.new PumpListener());
      started.pump = Optional.of(pump);
      started.carryOut(first, Transitions.sourceStarted(first));
      pump.start(migration.toString());
      started.watch.start(pages);
    } catch (RuntimeException | OutOfMemoryError failed) {
      started.pump.ifPresent(Pump::close);
      source.close();
      started.pages.ifPresent(SourcePages::close);
      started.flow.close();
      throw new DcmException(
          Reason.INTERNAL, "the migration cannot begin: " + failed.getMessage(), failed);
    }
    Thread.ofVirtual().name("migration-" + migration).start(started::run);
    return started;
  }

  /** On disk, as the guest must stand still also if this peer is restarted and takes it back. */
  private void notePaused(boolean now) {
    if (now != paused) {
      context.journal().sourceGuestPaused(migration, now);
      paused = now;
    }
  }

  private GuestSource beginGuestMigration(Duration downtimeLimit) throws DcmException {
    try {
      return guest.beginMigration(downtimeLimit);
    } catch (DcmException | RuntimeException failed) {
      flow.close();
      throw failed;
    }
  }

  /** Takes a migration up again from the journal after a restart. */
  static SourceMigration recover(
      Journal.Entry<SourceRecord> entry, Guest guest, SourceContext context) throws DcmException {
    boolean paused = context.journal().isSourceGuestPaused(entry.migration());
    Optional<StoppedGuest> found = find(guest, paused);
    SourceStep first =
        SourceMachine.recover(
            context.peers().self().id(), entry.records(), found.isEmpty(), System.nanoTime());
    SourceMigration recovered =
        new SourceMigration(
            entry.migration(),
            guest,
            context,
            first.next(),
            new Options(Duration.ZERO, false, Optional.empty(), Share.NORMAL));
    recovered.paused = paused;
    if (!first.outputs().isEmpty()) {
      recovered.restarted = true;
      recovered.sealed = found;
      entry.records().stream()
          .filter(SourceRecord.Granted.class::isInstance)
          .forEach(record -> recovered.sit((SourceRecord.Granted) record));
      recovered.carryOut(first, Transitions.sourceRecovered(first));
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
    return ask(new SourceInput.CancelAsked());
  }

  /**
   * Sets how long the guest may stand still, from now on.
   *
   * @throws DcmException TOO_LATE or MIGRATION_FINISHED
   */
  void limitDowntime(Duration limit) throws DcmException {
    switch (shown()) {
      case SourceState.Opening opening -> {}
      case SourceState.Transferring transferring -> {}
      case SourceState.Redirecting redirecting -> {}
      case SourceState.Parked parked -> {}
      case SourceState.SwitchingOver switching -> {}
      case SourceState.Committing committing -> throw tooLateToLimit();
      case SourceState.InDoubt inDoubt -> throw tooLateToLimit();
      case SourceState.Committed committed -> throw tooLateToLimit();
      case SourceState.Ended ended ->
          throw new DcmException(
              Reason.MIGRATION_FINISHED, "the migration has ended; nothing is to be limited");
    }
    outlook.limitDowntime(limit);
    pump.ifPresent(one -> one.limitDowntime(limit));
  }

  private static DcmException tooLateToLimit() {
    return new DcmException(
        Reason.TOO_LATE, "the commit has begun: the guest stands still already");
  }

  /** The operator decides in the place of peers that cannot; completes at the end, or with why. */
  CompletableFuture<Optional<Failure>> resolve(Choice choice) {
    return ask(new SourceInput.ResolveAsked(choice));
  }

  /**
   * Changes limit and priority, here and, at the next question, at those who relay.
   *
   * @param mostBytesPerSecond &gt;= 0; empty: stays as it is
   * @param priority empty: stays as it is
   * @throws DcmException MIGRATION_FINISHED
   */
  void limit(Optional<Long> mostBytesPerSecond, Optional<Priority> priority) throws DcmException {
    if (ended()) {
      throw new DcmException(
          Reason.MIGRATION_FINISHED, "the migration has ended, and sends nothing any more");
    }
    flow.change(
        before ->
            new Share(
                mostBytesPerSecond.orElse(before.mostBytesPerSecond()),
                priority.orElse(before.priority())));
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
      while (leftNs > 0 && shown().getClass() == seen.getClass() && !over.isDone()) {
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
    Waiting waiting = new Waiting(input, Optional.of(answer));
    inputs.add(waiting);
    if (over.isDone() && inputs.remove(waiting)) {
      // The migration's thread has gone before it saw this.
      answer.complete(refusal(SourceMachine.step(state, input, System.nanoTime())));
    }
    return answer;
  }

  private static Optional<Failure> refusal(SourceStep step) {
    return step.outputs().stream()
        .filter(SourceOutput.Refuse.class::isInstance)
        .map(output -> ((SourceOutput.Refuse) output).failure())
        .findFirst();
  }

  private void post(SourceInput input) {
    inputs.add(new Waiting(input, Optional.empty()));
  }

  /** The migration at this moment. */
  public MigrationView view() {
    return Views.of(
        migration, guest.name(), shown(), context, course, pages, watch, outlook, about);
  }

  /** The end is shown when all that belongs to it is done, so that it comes with its outcome. */
  private SourceState shown() {
    SourceState now = state;
    return course.endedAt().isEmpty() ? lastSeen.orElse(now) : now;
  }

  // ---- The migration's thread.

  private void run() {
    try (var _ = MDC.putCloseable("migration", migration.toString())) {
      long tickNs = System.nanoTime() + TICK_NS;
      while (!(state instanceof SourceState.Ended)) {
        long leftNs = tickNs - System.nanoTime();
        if (leftNs <= 0) {
          // Also while other inputs come one upon the other.
          takeSafely(new Waiting(new SourceInput.Tick(), Optional.empty()));
          tickNs = System.nanoTime() + TICK_NS;
        } else {
          Optional.ofNullable(inputs.poll(leftNs, TimeUnit.NANOSECONDS))
              .ifPresent(this::takeSafely);
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

  /** A defect of this peer ends the migration where that is still possible, and never hangs it. */
  private void takeSafely(Waiting next) {
    try {
      noticeLoss();
      take(next);
    } catch (Journal.JournalFailure disk) {
      // Nothing that depends on the record may happen; the peer is on its way out.
      throw disk;
    } catch (RuntimeException defect) {
      LOG.error("a defect of this peer in {} by {}", state, next.input(), defect);
      Failure why = new Failure(Reason.INTERNAL, "a defect of this peer; its log has the details");
      next.asker().ifPresent(asked -> asked.complete(Optional.of(why)));
      if (!(next.input() instanceof SourceInput.GuestFailed)) {
        post(new SourceInput.GuestFailed(why));
      }
    }
  }

  /** While it is not decided who gets the guest, a source that has lost it must not want it. */
  private void noticeLoss() {
    boolean undecided =
        state instanceof SourceState.Committing || state instanceof SourceState.InDoubt;
    if (undecided && !lossNoticed && sealed.isPresent() && !sealed.get().isThere()) {
      lossNoticed = true;
      LOG.error("guest {}, which stood still for its commit, is gone", guest.name());
      course.explain("the guest is not found at this peer any more");
      take(new Waiting(new SourceInput.GuestLost(), Optional.empty()));
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
    if (endsOnly(next.input()) && accepted(step)) {
      var _ = over.thenRun(() -> next.asker().ifPresent(a -> a.complete(Optional.empty())));
    }
    if (next.input() instanceof SourceInput.Running) {
      course.running();
    }
    if (step.next() instanceof SourceState.Ended && !(before instanceof SourceState.Ended)) {
      lastSeen = Optional.of(before);
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
    Transitions.heard(before, next.input(), step)
        .ifPresent(word -> context.trace().stepped(migration, word));
    carryOut(step, Transitions.source(before, next.input(), step));
  }

  /** What is done when the migration has ended, unless it is refused. */
  private static boolean endsOnly(SourceInput input) {
    return input instanceof SourceInput.CancelAsked || input instanceof SourceInput.ResolveAsked;
  }

  private static boolean accepted(SourceStep step) {
    return refusal(step).isEmpty();
  }

  /** The step is told of once its records are on disk. */
  private void carryOut(SourceStep step, Transition transition) {
    List<SourceOutput> outputs = step.outputs();
    int records = step.endOfRecords();
    outputs.subList(0, records).forEach(this::carryOut);
    context.trace().stepped(migration, transition);
    outputs.subList(records, outputs.size()).forEach(this::carryOut);
  }

  private void carryOut(SourceOutput output) {
    switch (output) {
      case SourceOutput.Persist persist -> persist(persist.record());
      case SourceOutput.Appoint appoint -> calls.appoint(appoint);
      case SourceOutput.Dismiss dismiss -> calls.dismiss(dismiss);
      case SourceOutput.Ask ask -> calls.ask(ask);
      case SourceOutput.Open open -> calls.open(open);
      case SourceOutput.SendMetadata send -> calls.sendMetadata(send);
      case SourceOutput.StopSending stop -> pump.ifPresent(p -> p.stopSending(stop.epoch()));
      case SourceOutput.Detach detach -> calls.detach(detach);
      case SourceOutput.StartTransfer start -> startTransfer(start);
      case SourceOutput.Reconcile reconcile -> pump.ifPresent(Pump::reconcile);
      case SourceOutput.LetStop let -> pump.ifPresent(Pump::letStop);
      case SourceOutput.HoldBack hold -> pump.ifPresent(Pump::holdBack);
      case SourceOutput.ResumeGuest resume -> {
        calls.endSwitchover();
        pump.ifPresent(Pump::resumeGuest);
      }
      case SourceOutput.Prepare prepare -> calls.prepare(prepare, deviceState);
      case SourceOutput.Repair repair -> pump.ifPresent(Pump::repair);
      case SourceOutput.Seal seal -> pump.ifPresent(p -> p.seal(seal.epoch()));
      case SourceOutput.Commit commit -> calls.commit(commit);
      case SourceOutput.TakeBack back -> takeBack();
      case SourceOutput.QuitGuest quit -> quitGuest();
      case SourceOutput.EndGuestMigration end -> endGuestMigration();
      case SourceOutput.Abort abort -> calls.abort(abort);
      case SourceOutput.Release release -> calls.release(release);
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

  private void persist(SourceRecord record) {
    Journal journal = context.journal();
    switch (record) {
      case SourceRecord.Granted granted -> {
        journal.append(migration, granted);
        sit(granted);
      }
      case SourceRecord.Decided decided ->
          context
              .acceptors()
              .end(
                  new Attempt(migration, decided.epoch()),
                  decided.choice(),
                  seat -> journal.append(migration, decided, seat));
      default -> journal.append(migration, record);
    }
  }

  private void startTransfer(SourceOutput.StartTransfer start) {
    Map<PeerId, PageSet> usable = calls.takeAvailable(start.contributors());
    try {
      PeerClient client = context.peers().client(start.to());
      long held = calls.takeHeldPages(start.to());
      Attempt attempt = new Attempt(migration, start.epoch());
      pump.orElseThrow().startTransfer(attempt, client, held, usable);
    } catch (DcmException unknown) {
      post(new SourceInput.DestinationLost(start.epoch(), unknown.failure()));
    }
  }

  /** The source votes once it has made a grant; its first vote is not for the grant. */
  private void sit(SourceRecord.Granted granted) {
    context
        .acceptors()
        .sit(
            new Attempt(migration, granted.epoch()),
            new Electorate(context.peers().self().id(), granted.to(), granted.witness()),
            Acceptor.undecided());
  }

  /** After a restart: a guest whose QEMU is busy for a moment is looked for again. */
  private static Optional<StoppedGuest> find(Guest guest, boolean paused) {
    for (int attempt = 1; attempt <= MOST_SEARCHES; attempt++) {
      try {
        return Optional.of(guest.recover(paused));
      } catch (DcmException gone) {
        LOG.warn("guest {} is not found after a restart: {}", guest.name(), gone.sentence());
        if (guest instanceof LostGuest) {
          break;
        }
        LockSupport.parkNanos(SEARCH_PAUSE.toNanos());
      }
    }
    return Optional.empty();
  }

  private void findSealed() {
    if (restarted && sealed.isEmpty()) {
      sealed = find(guest, paused);
      if (sealed.isEmpty()) {
        course.explain("the guest is not found at this peer any more");
      }
    }
  }

  private void takeBack() {
    findSealed();
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
    findSealed();
    context.guestLeft().accept(guest.name());
    sealed.ifPresent(
        stopped -> {
          if (course.auditAsked()) {
            course.audited(MemoryAudit.passes(stopped, pages.orElseThrow(), context.digest()));
          }
          stopped.quit();
        });
    context.guests().remove(guest.name());
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
    calls.close();
    pump.ifPresent(Pump::close);
    sampleProgress();
    MigrationView.Progress last =
        Views.progress(course, pages, watch, Views.destination(state), outlook, Optional.empty());
    pump.ifPresent(Pump::awaitEnd);
    flow.close();
    course.end(last);
    over.complete(true);
    signalChange();
    pages.ifPresent(SourcePages::close);
    letGo();
  }

  /** An ended migration is remembered for a long time, but not the memory that it took. */
  private void letGo() {
    guest = new LostGuest(guest.name());
    calls.letGo();
    pump = Optional.empty();
    pages = Optional.empty();
    sealed = Optional.empty();
    deviceState = new byte[0];
  }

  private final class CallListener implements SourceCalls.Listener {
    @Override
    public void happened(SourceInput input) {
      post(input);
    }

    @Override
    public boolean over() {
      return over.isDone();
    }
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
    public void read(long pageCount) {
      course.read(pageCount);
    }

    @Override
    public void wrote(OptionalLong dirtyPagesPerSecond, long tookNs) {
      course.wrote(dirtyPagesPerSecond, tookNs);
    }

    @Override
    public void sent(long contentBytes, long wireBytes) {
      course.meter().sourceSent(contentBytes, wireBytes);
    }

    @Override
    public void planned(long epoch, double fraction, List<PeerId> contributors) {
      course.turnedAt(fraction);
      contributors.forEach(peer -> calls.relay(epoch, peer));
    }

    @Override
    public void tookOver(PeerId from) {
      watch.skipNow(from);
    }

    @Override
    public void stopped(GuestSource.Event.Stopped stop) {
      // Before it is sealed: from then on QEMU itself does not tell any more.
      notePaused(!stop.ran());
      deviceState = stop.deviceState();
      course.stopped(stop.stoppedAtNs());
    }

    @Override
    public void ranOn() {
      course.beginsAnew();
    }

    @Override
    public void madeUpAt(PeerId destination, long lastEpoch) {
      calls.madeUpAt(destination, lastEpoch);
    }

    @Override
    public void sealed(StoppedGuest stopped) {
      sealed = Optional.of(stopped);
    }
  }
}
