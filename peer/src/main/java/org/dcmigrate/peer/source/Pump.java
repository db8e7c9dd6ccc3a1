package org.dcmigrate.peer.source;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.GuestSource.Event;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressFlow;
import org.dcmigrate.peer.transfer.TransferSender;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.split.SplitPolicy;
import org.dcmigrate.protocol.wire.TransferMessage;

/**
 * The one thread that reads a guest in migration and sends its pages. Everything that touches the
 * guest is a command to this thread, in order; between commands it sends first what has to be sent
 * again, then what the guest emits. Without a destination it does not read, which holds the guest's
 * migration back and lets the guest run.
 *
 * <p>A guest may stop though it is held back, in the moment before, and stand still until it was
 * read: then it is read to its end at once, with or without a destination, and runs on.
 */
final class Pump implements AutoCloseable {
  /** What the pump tells its migration. */
  interface Listener {
    void happened(SourceInput input);

    void passEnded(int pass, long dirtyPages);

    /** The guest gave so many pages, whether or not they have to be sent. */
    void read(long pageCount);

    /** What the guest says of its writing, over the time since it last did. */
    void wrote(OptionalLong dirtyPagesPerSecond, long tookNs);

    void sent(long contentBytes, long wireBytes);

    void planned(long epoch, double fraction, List<PeerId> relaying);

    /** A contributor has pages to skip, the sooner the better. */
    void tookOver(PeerId from);

    void stopped(Event.Stopped guest);

    /** The guest that had stopped runs on, and emits everything anew. */
    void ranOn();

    void sealed(StoppedGuest guest);

    /**
     * A destination has pages under generations that somebody made up.
     *
     * @param lastEpoch in which it can have got them
     */
    void madeUpAt(PeerId destination, long lastEpoch);
  }

  private static final Duration PATIENCE = Duration.ofMillis(20);
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration LONGEST_REST = Duration.ofSeconds(1);
  private static final Duration MOST_WAITING = Duration.ofSeconds(10);
  private static final Duration MOST_WAITING_UNLINKED = Duration.ofSeconds(1);
  private static final long MOST_READING_NS = TimeUnit.SECONDS.toNanos(5);
  private static final long SURVEY_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final Duration INVENTORY_DEADLINE = Duration.ofSeconds(60);
  private static final int RESEND_BYTES = 64 * Geometry.PAGE_BYTES;

  private interface Command {
    void run() throws DcmException;
  }

  /** How the transfer in an epoch stands; busy: there is something to send. */
  record Flow(
      long epoch, boolean busy, long sentChunks, long acknowledgedChunks, long acknowledgedBytes) {}

  private record Link(Attempt attempt, PeerClient client, TransferSender sender) {}

  private final GuestSource guest;
  private final SourcePages pages;
  private final Timeouts timeouts;
  private final CompressionMode compression;
  private final EgressFlow flow;
  private final Listener listener;
  private final BlockingQueue<Command> commands = new LinkedBlockingQueue<>();
  // The transport takes arrays as they are.
  private final MemorySegment resendBuffer = MemorySegment.ofArray(new byte[RESEND_BYTES]);

  // Written under linking, together with the epochs in which there may be none any more.
  private volatile Optional<Link> link = Optional.empty();
  private long stoppedEpoch;
  private final Object linking = new Object();
  private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
  private volatile boolean closed;
  private volatile Optional<Thread> thread = Optional.empty();
  private Optional<Event.Stopped> stopped = Optional.empty();
  private boolean stopReported;
  // The guest is not to stop. Where it has all the same it is read to its end, and runs on.
  private boolean held = true;
  private boolean reconcileAsked;
  private boolean reconciling;
  private boolean repairing;
  private boolean takingOver;
  private volatile boolean resting;
  private boolean rested;
  private long surveyedAtNs;
  private long acknowledgedBytes;

  Pump(
      GuestSource guest,
      SourcePages pages,
      Timeouts timeouts,
      CompressionMode compression,
      EgressFlow flow,
      Listener listener) {
    this.guest = guest;
    this.pages = pages;
    this.timeouts = timeouts;
    this.compression = compression;
    this.flow = flow;
    this.listener = listener;
  }

  void start(String name) {
    thread = Optional.of(Thread.ofPlatform().name("pump-" + name).daemon(true).start(this::run));
  }

  /** Waits, after {@link #close}, until the thread no longer touches pages or guest. */
  void awaitEnd() {
    boolean interrupted = false;
    while (thread.isPresent() && thread.get() != Thread.currentThread()) {
      try {
        thread.get().join();
        break;
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- Commands, from the migration's thread.

  /** Plans who sends what, and begins to send. */
  void startTransfer(
      Attempt attempt, PeerClient to, long heldPages, Map<PeerId, PageSet> available) {
    commands.add(
        () -> {
          readToTheEnd();
          begin(attempt, to, heldPages, available);
        });
  }

  /** Ends sending in this epoch; when this returns, the versions emitted stand still. */
  void stopSending(long epoch) {
    Optional<Link> current = unlink(epoch);
    current.ifPresent(to -> to.sender().cancel());
    CompletableFuture<Boolean> still = new CompletableFuture<>();
    commands.add(
        () -> {
          readToTheEnd();
          current.ifPresent(this::linkEnded);
          still.complete(true);
        });
    // What comes later is sent twice, at the worst: the destination's inventory is compared. And
    // without a link only a guest that stops by itself says something.
    Duration patience = current.isPresent() ? MOST_WAITING : MOST_WAITING_UNLINKED;
    var _ =
        CompletableFuture.anyOf(still, ended)
            .completeOnTimeout(false, patience.toMillis(), TimeUnit.MILLISECONDS)
            .join();
  }

  private Optional<Link> unlink(long epoch) {
    synchronized (linking) {
      stoppedEpoch = Math.max(stoppedEpoch, epoch);
      Optional<Link> current = link.filter(to -> to.attempt().epoch() == epoch);
      if (current.isPresent()) {
        link = Optional.empty();
      }
      return current;
    }
  }

  private void linkEnded(Link to) {
    reconcileAsked = false;
    reconciling = false;
    repairing = false;
    reportStop(to);
  }

  /** How the transfer stands, while there is one. Any thread may ask. */
  Optional<Flow> flow() {
    return link.map(
        to -> {
          // In this order: what is acknowledged was sent.
          long acknowledged = to.sender().acknowledgedChunks();
          return new Flow(
              to.attempt().epoch(),
              !resting,
              to.sender().sentChunks(),
              acknowledged,
              to.sender().acknowledgedBytes());
        });
  }

  void limitDowntime(Duration limit) {
    commands.add(() -> guest.limitDowntime(limit));
  }

  void reconcile() {
    commands.add(() -> reconcileAsked = link.isPresent());
  }

  void repair() {
    commands.add(this::beginRepair);
  }

  void letStop() {
    commands.add(
        () -> {
          if (held) {
            // To run on takes the leave to stop back: so that comes first.
            readToTheEnd();
          }
          held = false;
          guest.letStop();
        });
  }

  /**
   * The guest does not stop; where it stands still and that was not reported yet, it runs on. Soon,
   * even where the destination takes nothing.
   */
  void holdBack() {
    commands.add(
        () -> {
          held = true;
          guest.holdBack();
          if (!stopReported) {
            runOn();
          }
        });
    link.ifPresent(current -> current.sender().wake());
  }

  void resumeGuest() {
    commands.add(this::runOn);
  }

  void seal(long epoch) {
    commands.add(
        () -> {
          if (closed) {
            // The migration has ended meanwhile: a guest sealed now would stand still for ever.
            return;
          }
          try {
            listener.sealed(guest.seal());
            listener.happened(new SourceInput.GuestSealed(epoch));
          } catch (DcmException failed) {
            listener.happened(new SourceInput.SealFailed(epoch, failed.failure()));
          }
        });
  }

  /** Ends the thread; the guest, unless sealed, runs on. */
  @Override
  public void close() {
    closed = true;
    link.ifPresent(current -> current.sender().cancel());
    guest.close();
    commands.add(() -> {});
  }

  // ---- The thread.

  private void runOn() throws DcmException {
    if (stopped.isPresent()) {
      stopped = Optional.empty();
      stopReported = false;
      held = true;
      guest.resume();
      listener.ranOn();
    }
  }

  /** Whether there is something more urgent than to wait for the destination. */
  private boolean isCalled() {
    return !commands.isEmpty() || (held && isUnread());
  }

  private boolean isUnread() {
    return stopped.isEmpty() && guest.standsStillUnread();
  }

  private void run() {
    try {
      while (!closed) {
        for (Command next = commands.poll(); next != null; next = commands.poll()) {
          next.run();
        }
        Optional<Link> current = link;
        if (current.isPresent()) {
          survey(current.get());
        }
        if (closed || !(current.isPresent() ? work(current.get()) : readOn())) {
          rested = true;
          resting = true;
          waitForCommand();
        }
      }
    } catch (DcmException failed) {
      if (!closed) {
        listener.happened(new SourceInput.GuestFailed(failed.failure()));
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error defect) {
      listener.happened(
          new SourceInput.GuestFailed(
              new Failure(Reason.INTERNAL, "the migration's thread failed: " + defect)));
      throw defect;
    } finally {
      link.ifPresent(current -> current.sender().cancel());
      ended.complete(true);
    }
  }

  /** Several times a second: what the split of the work is decided by. */
  private void survey(Link to) throws DcmException {
    long nowNs = System.nanoTime();
    long tookNs = nowNs - surveyedAtNs;
    if (tookNs < SURVEY_NS) {
      return;
    }
    long bytes = to.sender().acknowledgedBytes();
    pages.acknowledged(bytes - acknowledgedBytes, tookNs, !rested);
    surveyWritten(nowNs);
    listener.wrote(guest.dirtyPagesPerSecond(), tookNs);
    acknowledgedBytes = bytes;
    surveyedAtNs = nowNs;
    rested = false;
  }

  private void surveyWritten(long nowNs) throws DcmException {
    List<Extent> written = new ArrayList<>();
    guest.written(written::add);
    pages.written(written, nowNs);
  }

  private void waitForCommand() throws InterruptedException, DcmException {
    if (closed) {
      return;
    }
    // A guest that is not read says nothing when it stops.
    Duration most = link.isEmpty() && stopped.isEmpty() ? LOOK : LONGEST_REST;
    Command next = commands.poll(most.toMillis(), TimeUnit.MILLISECONDS);
    if (next != null) {
      next.run();
    }
  }

  /** Does the next piece of work; false when there is none until a command comes. */
  private boolean work(Link to) throws DcmException {
    if (held && readOn()) {
      return true;
    }
    if (reconcileAsked) {
      if (allAcknowledged(to)) {
        reconcileAsked = false;
        beginReconcile(to);
      }
      return true;
    }
    Optional<Extent> again = pages.nextResend();
    if (again.isPresent()) {
      sendAgain(to, again.get());
      return true;
    }
    if (reconciling || repairing) {
      if (allAcknowledged(to)) {
        long epoch = to.attempt().epoch();
        listener.happened(
            reconciling ? new SourceInput.Reconciled(epoch) : new SourceInput.Repaired(epoch));
        reconciling = false;
        repairing = false;
      }
      return true;
    }
    if (stopped.isPresent()) {
      if (!stopReported && allAcknowledged(to)) {
        stopReported = true;
        listener.happened(stoppedIn(to));
      }
      return false;
    }
    // Between pages taken over, the guest is only asked whether it has something.
    handle(Optional.of(to), guest.next(takingOver ? Duration.ZERO : PATIENCE));
    return true;
  }

  /** Reads on a guest that would stand still otherwise; what it says is left to be sent. */
  private boolean readOn() throws DcmException {
    if (!isUnread()) {
      return false;
    }
    rested = true;
    resting = true;
    handle(Optional.empty(), guest.next(PATIENCE));
    return true;
  }

  /**
   * Before what takes long, and before the versions emitted are to stand still: a guest that would
   * stand still runs on first, and says nothing more.
   */
  private void readToTheEnd() throws DcmException {
    long deadlineNs = System.nanoTime() + MOST_READING_NS;
    while (!closed && readOn() && System.nanoTime() - deadlineNs < 0) {}
  }

  private void emitted(Optional<Link> to, List<TransferMessage.Chunk> chunks) {
    if (to.isPresent()) {
      send(to.get(), chunks);
    } else {
      chunks.forEach(this::notSent);
    }
  }

  private void notSent(TransferMessage.Chunk chunk) {
    pages.notSent(new Extent(chunk.block(), chunk.firstPage(), chunk.pageCount()));
  }

  private void handle(Optional<Link> to, Event event) throws DcmException {
    switch (event) {
      case Event.Pages run -> {
        listener.read(run.pageCount());
        emitted(
            to, pages.emitted(run.block(), run.firstPage(), run.pageCount(), run.payload(), false));
      }
      case Event.ZeroPages run -> {
        listener.read(run.pageCount());
        emitted(to, pages.emittedZero(run.block(), run.firstPage(), run.pageCount()));
      }
      case Event.PassEnded ended -> listener.passEnded(ended.pass(), ended.dirtyPages());
      case Event.Idle idle -> {
        if (to.isPresent()) {
          idle();
        }
      }
      case Event.Stopped stop -> {
        stopped = Optional.of(stop);
        stopReported = false;
        if (held) {
          runOn();
        } else {
          listener.stopped(stop);
        }
      }
    }
  }

  /** Nothing of its own to send, while contributors relay. */
  private void idle() throws DcmException {
    SplitPolicy.Step step = pages.next(System.nanoTime());
    takingOver = !(step instanceof SplitPolicy.Step.Rest);
    rested |= !takingOver;
    resting = !takingOver;
    switch (step) {
      case SplitPolicy.Step.TakeOver over -> listener.tookOver(over.from());
      case SplitPolicy.Step.Pass pass -> guest.anotherPass();
      case SplitPolicy.Step.Rest rest -> {}
    }
  }

  private void sendAgain(Link to, Extent extent) throws DcmException {
    int count = (int) extent.pageCount();
    MemorySegment contents = resendBuffer.asSlice(0, (long) count * Geometry.PAGE_BYTES);
    guest.read(extent.block(), extent.firstPage(), count, contents);
    send(to, pages.emitted(extent.block(), extent.firstPage(), count, contents, true));
  }

  private void send(Link to, List<TransferMessage.Chunk> chunks) {
    resting = false;
    try {
      for (TransferMessage.Chunk chunk : chunks) {
        OptionalLong wireBytes = to.sender().sendUnless(this::isCalled, chunk);
        if (wireBytes.isPresent()) {
          listener.sent(chunk.contentBytes(), wireBytes.getAsLong());
        } else {
          notSent(chunk);
        }
      }
    } catch (DcmException failed) {
      lost(to, failed.failure());
    }
  }

  /** False where the destination is lost, or something more urgent came first. */
  private boolean allAcknowledged(Link to) {
    try {
      return to.sender().awaitAcknowledgedUnless(this::isCalled, timeouts.sendStall());
    } catch (DcmException failed) {
      lost(to, failed.failure());
      return false;
    }
  }

  private static SourceInput stoppedIn(Link to) {
    return new SourceInput.GuestStopped(to.attempt().epoch());
  }

  /** The migration learns of the stop even without a destination, and lets the guest run on. */
  private void reportStop(Link without) {
    if (stopped.isPresent() && !stopReported) {
      stopReported = true;
      listener.happened(stoppedIn(without));
    }
  }

  private void lost(Link to, Failure why) {
    if (unlinked(to)) {
      to.sender().cancel();
      listener.happened(new SourceInput.DestinationLost(to.attempt().epoch(), why));
      linkEnded(to);
    }
  }

  /** Whether this was still the link; it is not any more. */
  private boolean unlinked(Link to) {
    synchronized (linking) {
      boolean was = link.isPresent() && link.get().sender().equals(to.sender());
      if (was) {
        link = Optional.empty();
      }
      return was;
    }
  }

  /** Makes this the link, unless sending in its epoch was ended meanwhile. */
  private boolean linked(Link opened) {
    synchronized (linking) {
      boolean allowed = !closed && opened.attempt().epoch() > stoppedEpoch;
      if (allowed) {
        link = Optional.of(opened);
      } else {
        opened.sender().cancel();
      }
      return allowed;
    }
  }

  private void begin(
      Attempt attempt, PeerClient to, long heldPages, Map<PeerId, PageSet> available) {
    try {
      HeldPages held =
          heldPages > 0 ? inventory(to, attempt, attempt.epoch() - 1) : new HeldPages(pages);
      pages.plan(held.current(), available);
      pages.outbid(held);
      surveyWritten(System.nanoTime());
      double fraction = pages.sharedFraction();
      if (linked(connect(attempt, to))) {
        listener.planned(attempt.epoch(), fraction, List.copyOf(available.keySet()));
      }
    } catch (DcmException failed) {
      listener.happened(new SourceInput.DestinationLost(attempt.epoch(), failed.failure()));
    }
  }

  private Link connect(Attempt attempt, PeerClient to) throws DcmException {
    TransferSender sender =
        TransferSender.open(to.channel(), attempt, flow, timeouts.sendStall(), compression);
    acknowledgedBytes = 0;
    surveyedAtNs = System.nanoTime();
    return new Link(attempt, to, sender);
  }

  private void beginReconcile(Link to) {
    try {
      HeldPages held = inventory(to.client(), to.attempt(), to.attempt().epoch());
      pages.resendMissing(held.current());
      pages.outbid(held);
      reconciling = true;
    } catch (DcmException failed) {
      lost(to, failed.failure());
    }
  }

  private void beginRepair() {
    Optional<Link> current = link;
    if (current.isEmpty()) {
      return;
    }
    Link to = current.get();
    try {
      // What differs may be of a generation that somebody made up: it has to be outbid.
      pages.outbid(inventory(to.client(), to.attempt(), to.attempt().epoch()));
      to.client().segmentDigests(to.attempt(), pages::resendSegmentUnless, INVENTORY_DEADLINE);
      // The destination cut the transfer when it began to verify.
      to.sender().cancel();
      repairing = linked(connect(to.attempt(), to.client()));
    } catch (DcmException failed) {
      lost(to, failed.failure());
    }
  }

  private HeldPages inventory(PeerClient from, Attempt attempt, long lastEpoch)
      throws DcmException {
    HeldPages held = new HeldPages(pages);
    from.inventory(attempt, pages.geometry(), held::add, INVENTORY_DEADLINE);
    if (held.hasMadeUp()) {
      listener.madeUpAt(from.peer(), lastEpoch);
    }
    return held;
  }
}
