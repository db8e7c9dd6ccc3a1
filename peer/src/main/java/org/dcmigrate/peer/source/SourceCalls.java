package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.client.SwitchoverCall;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.machine.SourceOutput;
import org.dcmigrate.protocol.pages.PageSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The calls that one migration makes to other peers. Each output that asks for one returns at once;
 * the call runs on a thread of its own, and its outcome is posted as an input. What a call needs of
 * the migration's present state is an argument, as that may have changed when the thread begins.
 */
final class SourceCalls {
  private static final Logger LOG = LoggerFactory.getLogger(SourceCalls.class);
  private static final long LISTED_PAGES_PER_MS = 1000;
  private static final Duration REACH = Duration.ofSeconds(3);

  /** The migration, as seen from its calls. */
  interface Listener {
    void happened(SourceInput input);

    /** Whether nothing will change any more, so that an answer is of no use. */
    boolean over();
  }

  private final MigrationId migration;
  private final String guestName;
  private final SourceContext context;
  private final Course course;
  private final HolderWatch watch;
  private final Listener listener;

  private final Trust trust = new Trust();

  // By peer, what open and detach have learned, until the transfer begins.
  private final Map<PeerId, Long> heldPages = new ConcurrentHashMap<>();
  private final Map<PeerId, PageSet> available = new ConcurrentHashMap<>();

  private volatile Optional<GuestMetadata> metadata = Optional.empty();
  private volatile Optional<SourcePages> pages = Optional.empty();
  private volatile Optional<SwitchoverCall> switchover = Optional.empty();

  SourceCalls(
      MigrationId migration,
      String guestName,
      SourceContext context,
      Course course,
      HolderWatch watch,
      Listener listener) {
    this.migration = migration;
    this.guestName = guestName;
    this.context = context;
    this.course = course;
    this.watch = watch;
    this.listener = listener;
  }

  /**
   * The guest that the calls are about. A migration taken up again after a restart has none: it
   * only commits and says goodbye.
   */
  void guest(GuestMetadata guestMetadata, SourcePages guestPages) {
    metadata = Optional.of(guestMetadata);
    pages = Optional.of(guestPages);
  }

  /**
   * A destination has pages under generations that somebody made up.
   *
   * @param lastEpoch in which it can have got them
   */
  void madeUpAt(PeerId destination, long lastEpoch) {
    trust.madeUpAt(destination, lastEpoch);
  }

  // ---- Outputs.

  void open(SourceOutput.Open open) {
    call(
        () -> askToOpen(open),
        defect -> listener.happened(new SourceInput.OpenRefused(open.epoch(), defect)));
  }

  void sendMetadata(SourceOutput.SendMetadata send) {
    call(
        () -> resendMetadata(send),
        defect -> listener.happened(new SourceInput.OpenRefused(send.epoch(), defect)));
  }

  void detach(SourceOutput.Detach detach) {
    call(
        () -> askToDetach(detach),
        defect ->
            listener.happened(
                new SourceInput.ContributorLost(detach.epoch(), detach.peer(), defect)));
  }

  /** Has a contributor send what the plan says that it owes. */
  void relay(long epoch, PeerId peer) {
    call(
        () -> askToRelay(epoch, peer),
        defect -> listener.happened(new SourceInput.ContributorLost(epoch, peer, defect)));
  }

  void prepare(SourceOutput.Prepare prepare, byte[] deviceState) {
    call(
        () -> sendPrepare(prepare.epoch(), prepare.to(), deviceState),
        defect -> listener.happened(new SourceInput.PrepareFailed(prepare.epoch(), defect)));
  }

  void appoint(SourceOutput.Appoint appoint) {
    call(
        () -> askToWitness(appoint),
        defect ->
            listener.happened(
                new SourceInput.WitnessRefused(appoint.epoch(), appoint.witness(), defect)));
  }

  void dismiss(SourceOutput.Dismiss dismiss) {
    call(() -> tellWitness(dismiss), defect -> {});
  }

  /** This peer's own vote is on disk when this returns. */
  void ask(SourceOutput.Ask ask) {
    context
        .ballots()
        .ask(
            attempt(ask.epoch()),
            ask.acceptor(),
            ask.question(),
            answer ->
                listener.happened(new SourceInput.Answered(ask.epoch(), ask.acceptor(), answer)));
  }

  void commit(SourceOutput.Commit commit) {
    call(
        () -> sendCommit(commit),
        defect -> listener.happened(new SourceInput.CommitLost(commit.epoch(), defect)));
  }

  void abort(SourceOutput.Abort abort) {
    watch.forget(abort.peer());
    // A contributor that was asked in vain to become the destination relays nothing any more.
    pages.ifPresent(all -> all.settle(abort.peer()));
    Attempt attempt = attempt(abort.epoch());
    call(
        () -> tell(abort.peer(), client -> client.abort(attempt, context.timeouts().open())),
        defect -> {});
  }

  void release(SourceOutput.Release release) {
    watch.forget(release.peer());
    Attempt attempt = attempt(release.epoch());
    call(
        () -> tell(release.peer(), client -> client.release(attempt, context.timeouts().open())),
        defect -> {});
  }

  // ---- What was learned.

  /** Takes the number of pages that a peer said, when it opened, it held already. */
  long takeHeldPages(PeerId peer) {
    return Optional.ofNullable(heldPages.remove(peer)).orElse(0L);
  }

  /** Takes, for those of the peers that have told it, which pages they can send. */
  Map<PeerId, PageSet> takeAvailable(List<PeerId> contributors) {
    Map<PeerId, PageSet> usable = new HashMap<>();
    for (PeerId peer : contributors) {
      Optional.ofNullable(available.get(peer)).ifPresent(set -> usable.put(peer, set));
    }
    available.clear();
    return usable;
  }

  /** Ends the switchover under way; the next one begins anew. */
  void endSwitchover() {
    switchover.ifPresent(SwitchoverCall::close);
    switchover = Optional.empty();
  }

  /** Nothing more is to come of the calls. A commit that is late finds its switchover closed. */
  void close() {
    switchover.ifPresent(SwitchoverCall::close);
  }

  /** Once nothing is asked any more. */
  void letGo() {
    metadata = Optional.empty();
    switchover = Optional.empty();
    pages = Optional.empty();
    available.clear();
  }

  // ---- On the threads of the calls.

  /** Every question gets an answer, also where this peer has a defect. */
  private void call(Runnable work, Consumer<Failure> broken) {
    Thread.ofVirtual()
        .name("call-" + migration)
        .start(
            () -> {
              try {
                work.run();
              } catch (RuntimeException defect) {
                // A late answer finds the page table freed once the migration is over.
                if (!listener.over()) {
                  LOG.error("a call fails by a defect of this peer", defect);
                  broken.accept(
                      new Failure(
                          Reason.INTERNAL, "a defect of this peer; its log has the details"));
                }
              }
            });
  }

  private void askToOpen(SourceOutput.Open open) {
    try {
      long held =
          reached(open.to())
              .open(
                  attempt(open.epoch()),
                  guestName,
                  metadata.orElseThrow().kind(),
                  trust.admit(open.to(), open.epoch(), open.contributors()),
                  context.digest(),
                  context.timeouts().lease(),
                  context.timeouts().open());
      heldPages.put(open.to(), held);
      watch.destination(open.to(), open.epoch());
      listener.happened(new SourceInput.OpenAccepted(open.epoch()));
    } catch (DcmException refused) {
      listener.happened(new SourceInput.OpenRefused(open.epoch(), at(open.to(), refused)));
    }
  }

  private void resendMetadata(SourceOutput.SendMetadata send) {
    try {
      context
          .peers()
          .client(send.to())
          .resendMetadata(attempt(send.epoch()), metadata.orElseThrow(), context.timeouts().open());
      listener.happened(new SourceInput.MetadataAccepted(send.epoch()));
    } catch (DcmException refused) {
      listener.happened(new SourceInput.OpenRefused(send.epoch(), at(send.to(), refused)));
    }
  }

  private void askToDetach(SourceOutput.Detach detach) {
    SourcePages all = pages.orElseThrow();
    HeldPages held = new HeldPages(all);
    try {
      watch.forget(detach.peer());
      context
          .peers()
          .client(detach.peer())
          .detach(
              attempt(detach.epoch()),
              detach.newDestination(),
              all.geometry(),
              held::add,
              patience(all));
      if (held.hasMadeUp()) {
        trust.madeUpBy(detach.peer());
        // Or those that it took it from.
        trust.madeUpAt(detach.peer(), detach.epoch() - 1);
      }
      trust.require(detach.peer());
      available.put(detach.peer(), held.current());
      watch.contributor(detach.peer(), detach.epoch());
      listener.happened(new SourceInput.Detached(detach.epoch(), detach.peer()));
    } catch (DcmException failed) {
      listener.happened(
          new SourceInput.ContributorLost(
              detach.epoch(), detach.peer(), at(detach.peer(), failed)));
    }
  }

  private void askToRelay(long epoch, PeerId peer) {
    try {
      trust.require(peer);
      context
          .peers()
          .client(peer)
          .relay(
              attempt(epoch),
              pages.orElseThrow().owedCopy(peer),
              watch.relayShare(peer),
              patience(pages.orElseThrow()));
    } catch (DcmException failed) {
      if (!watch.isCurrent(peer, epoch)) {
        return;
      }
      pages.orElseThrow().settle(peer);
      listener.happened(new SourceInput.ContributorLost(epoch, peer, at(peer, failed)));
    }
  }

  private void sendPrepare(long epoch, PeerId destination, byte[] deviceState) {
    try {
      course.prepareSent();
      SwitchoverCall call = context.peers().client(destination).switchover(attempt(epoch));
      switchover.ifPresent(SwitchoverCall::close);
      switchover = Optional.of(call);
      long digest = pages.orElseThrow().memoryDigest();
      SwitchoverCall.PrepareResult result =
          call.prepare(digest, deviceState, context.timeouts().switchover());
      switch (result) {
        case SwitchoverCall.PrepareResult.Ready ready when ready.memoryDigest() == digest -> {
          course.prepared(digest);
          listener.happened(new SourceInput.Prepared(epoch, digest));
        }
        case SwitchoverCall.PrepareResult.Ready ready ->
            listener.happened(
                new SourceInput.PrepareFailed(
                    epoch,
                    new Failure(
                        Reason.DIGEST_MISMATCH,
                        "the destination prepared another memory than the one sent")));
        case SwitchoverCall.PrepareResult.Differs differs -> {
          LOG.warn("the destination's memory differs, {} pages missing", differs.missingPages());
          listener.happened(new SourceInput.Incomplete(epoch));
        }
      }
    } catch (DcmException failed) {
      listener.happened(new SourceInput.PrepareFailed(epoch, at(destination, failed)));
    }
  }

  private void sendCommit(SourceOutput.Commit commit) {
    Attempt attempt = attempt(commit.epoch());
    try {
      SwitchoverCall call =
          switchover.isPresent() ? switchover.get() : reached(commit.to()).switchover(attempt);
      call.commit(commit.memoryDigest(), commit.witness(), context.timeouts().switchover());
      listener.happened(new SourceInput.Running(commit.epoch()));
    } catch (DcmException failed) {
      endSwitchover();
      listener.happened(
          failed.reason() == Reason.ATTEMPT_DISCARDED
              ? new SourceInput.CommitRefused(commit.epoch(), at(commit.to(), failed))
              : new SourceInput.CommitLost(commit.epoch(), at(commit.to(), failed)));
    }
  }

  /** For a list of pages, which may be as long as the guest is large. */
  private Duration patience(SourcePages all) {
    return context
        .timeouts()
        .contributorSilence()
        .plusMillis(all.geometry().totalPages() / LISTED_PAGES_PER_MS);
  }

  private PeerClient reached(PeerId peer) throws DcmException {
    PeerClient client = context.peers().client(peer);
    client.reach(REACH);
    return client;
  }

  private void askToWitness(SourceOutput.Appoint appoint) {
    PeerId witness = appoint.witness();
    try {
      context
          .peers()
          .decisions(witness)
          .appoint(
              attempt(appoint.epoch()),
              appoint.destination(),
              context.timeouts().contributorSilence());
      listener.happened(new SourceInput.WitnessAppointed(appoint.epoch(), witness));
    } catch (DcmException refused) {
      LOG.warn(
          "{} does not witness the decision: {}",
          context.peers().name(witness),
          refused.sentence());
      listener.happened(
          new SourceInput.WitnessRefused(appoint.epoch(), witness, at(witness, refused)));
    }
  }

  private void tellWitness(SourceOutput.Dismiss dismiss) {
    try {
      context
          .peers()
          .decisions(dismiss.witness())
          .dismiss(attempt(dismiss.epoch()), dismiss.owner(), context.timeouts().open());
    } catch (DcmException unheard) {
      LOG.info(
          "{} was not dismissed as a witness and keeps its vote: {}",
          context.peers().name(dismiss.witness()),
          unheard.sentence());
    }
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

  private Attempt attempt(long epoch) {
    return new Attempt(migration, epoch);
  }

  private Failure at(PeerId peer, DcmException failed) {
    return new Failure(failed.reason(), context.peers().name(peer) + ": " + failed.sentence());
  }
}
