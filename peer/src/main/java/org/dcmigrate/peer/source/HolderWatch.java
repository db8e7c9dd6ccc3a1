package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.client.PeerClient.ContributorStatus;
import org.dcmigrate.peer.client.PeerClient.DestinationStatus;
import org.dcmigrate.peer.client.PeerClient.RelayState;
import org.dcmigrate.peer.transfer.EgressFlow;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceInput;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.wire.Wire;

/**
 * Asks every peer that holds pages, ten times a second and more often one whose relay is about to
 * be drained, how it goes: this renews their leases, finds out who is gone, and tells when relays
 * are drained. Also passes skip lists on.
 */
final class HolderWatch implements AutoCloseable {
  private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);
  // Nobody is asked more often than that, however soon its relay will be drained.
  private static final long LEAST_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(10);

  interface Listener {
    void happened(SourceInput input);

    void polled();
  }

  private enum Role {
    DESTINATION,
    CONTRIBUTOR
  }

  private record Watched(Role role, long epoch, long sinceNs) {}

  private final MigrationId migration;
  private final SourceContext context;
  private final EgressFlow flow;
  private final Listener listener;
  private final Map<PeerId, Watched> watched = new ConcurrentHashMap<>();
  private final Set<PeerId> asking = ConcurrentHashMap.newKeySet();
  private final Set<PeerId> skipping = ConcurrentHashMap.newKeySet();
  private final Map<PeerId, Long> askedNs = new ConcurrentHashMap<>();
  private final Map<PeerId, Long> answeredNs = new ConcurrentHashMap<>();
  private final Map<PeerId, ContributorStatus> contributors = new ConcurrentHashMap<>();
  // Bytes relayed in epochs that are over.
  private final Map<PeerId, Long> formerBytes = new HashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile DestinationStatus destination = new DestinationStatus(0, List.of());
  // Of the destination; 0: not measured. Written by one question at a time.
  private volatile long roundTripNs;
  private volatile Optional<SourcePages> pages = Optional.empty();

  HolderWatch(MigrationId migration, SourceContext context, EgressFlow flow, Listener listener) {
    this.migration = migration;
    this.context = context;
    this.flow = flow;
    this.listener = listener;
  }

  void start(SourcePages sourcePages) {
    pages = Optional.of(sourcePages);
    Thread.ofVirtual().name("watch-" + migration).start(this::run);
  }

  void destination(PeerId peer, long epoch) {
    watch(peer, new Watched(Role.DESTINATION, epoch, System.nanoTime()));
  }

  void contributor(PeerId peer, long epoch) {
    watch(peer, new Watched(Role.CONTRIBUTOR, epoch, System.nanoTime()));
  }

  private void watch(PeerId peer, Watched role) {
    Optional.ofNullable(contributors.remove(peer)).ifPresent(status -> addFormer(peer, status));
    answeredNs.put(peer, System.nanoTime());
    if (role.role() == Role.DESTINATION) {
      roundTripNs = 0;
    }
    watched.put(peer, role);
  }

  void forget(PeerId peer) {
    watched.remove(peer);
  }

  DestinationStatus destination() {
    return destination;
  }

  /** How long the destination's answers take, smoothed as TCP does; empty: none has come. */
  OptionalLong roundTripNs() {
    long measured = roundTripNs;
    return measured == 0 ? OptionalLong.empty() : OptionalLong.of(measured);
  }

  /** How long a peer that is asked all the time has not answered; 0 for one that is not asked. */
  long quietNs(PeerId peer) {
    return watched.containsKey(peer)
        ? System.nanoTime() - answeredNs.getOrDefault(peer, System.nanoTime())
        : 0;
  }

  Optional<ContributorStatus> contributor(PeerId peer) {
    return Optional.ofNullable(contributors.get(peer));
  }

  /** Payload bytes of all contributors, over all epochs. */
  long contributorBytes() {
    long bytes = contributors.values().stream().mapToLong(ContributorStatus::payloadBytes).sum();
    synchronized (formerBytes) {
      return bytes + formerBytes.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  long waitingPages() {
    return contributors.values().stream().mapToLong(ContributorStatus::waitingPages).sum();
  }

  private void addFormer(PeerId peer, ContributorStatus status) {
    synchronized (formerBytes) {
      formerBytes.merge(peer, status.payloadBytes(), Long::sum);
    }
  }

  private void run() {
    try {
      while (!closed.await(untilNextNs(System.nanoTime()), TimeUnit.NANOSECONDS)) {
        long nowNs = System.nanoTime();
        watched.forEach(
            (peer, role) -> {
              if (untilDueNs(peer, role, nowNs) <= 0) {
                askUnlessAsking(peer, role);
              }
            });
        listener.polled();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private long untilNextNs(long nowNs) {
    long firstDueNs =
        watched.entrySet().stream()
            .mapToLong(each -> untilDueNs(each.getKey(), each.getValue(), nowNs))
            .min()
            .orElse(INTERVAL_NS);
    return Math.clamp(firstDueNs, LEAST_INTERVAL_NS, INTERVAL_NS);
  }

  /** The migration waits for the word that a relay is drained, so it is asked for in time. */
  private long untilDueNs(PeerId peer, Watched role, long nowNs) {
    if (asking.contains(peer)) {
      return INTERVAL_NS;
    }
    long doneNs =
        role.role() == Role.DESTINATION
            ? INTERVAL_NS
            : pages.map(all -> all.doneNs(peer)).orElse(OptionalLong.empty()).orElse(INTERVAL_NS);
    long sinceNs = nowNs - askedNs.getOrDefault(peer, nowNs - INTERVAL_NS);
    return Math.clamp(doneNs, LEAST_INTERVAL_NS, INTERVAL_NS) - sinceNs;
  }

  /** One question at a time to each peer, so that a silent one does not hold up the others. */
  private void askUnlessAsking(PeerId peer, Watched role) {
    if (asking.add(peer)) {
      askedNs.put(peer, System.nanoTime());
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  ask(peer, role);
                } finally {
                  asking.remove(peer);
                }
              });
    }
  }

  private void ask(PeerId peer, Watched role) {
    Duration silence =
        role.role() == Role.DESTINATION
            ? context.timeouts().destinationSilence()
            : context.timeouts().contributorSilence();
    try {
      PeerClient client = context.peers().client(peer);
      Attempt attempt = new Attempt(migration, role.epoch());
      switch (role.role()) {
        case DESTINATION -> {
          long askedNs = System.nanoTime();
          destination = client.destinationStatus(attempt, silence);
          took(System.nanoTime() - askedNs);
        }
        case CONTRIBUTOR -> contributor(client, attempt, silence);
      }
      answeredNs.put(peer, System.nanoTime());
    } catch (DcmException failed) {
      unanswered(peer, role, silence, failed.failure());
    }
  }

  private void took(long ns) {
    roundTripNs = roundTripNs == 0 ? ns : roundTripNs + (ns - roundTripNs) / 8;
  }

  private void contributor(PeerClient client, Attempt attempt, Duration deadline)
      throws DcmException {
    PeerId peer = client.peer();
    skip(client, attempt, deadline);
    ContributorStatus status = client.contributorStatus(attempt, relayShare(peer), deadline);
    if (!isCurrent(peer, attempt.epoch())) {
      return;
    }
    contributors.put(peer, status);
    long nowNs = System.nanoTime();
    pages.ifPresent(all -> all.relays(peer, status.waitingPages(), status.payloadBytes(), nowNs));
    if (status.state() == RelayState.DRAINED) {
      pages.ifPresent(all -> all.settle(peer));
      listener.happened(new SourceInput.ContributorDrained(attempt.epoch(), peer));
    } else if (status.state() == RelayState.FAILED) {
      lost(
          peer,
          attempt.epoch(),
          new Failure(
              Reason.PEER_UNREACHABLE,
              context.peers().name(peer) + " cannot relay: " + status.failure()));
    }
  }

  /** What a contributor may take at its host: as the migration here, and no more than its pace. */
  Share relayShare(PeerId peer) {
    return flow.share().atMost(pages.map(all -> all.pace(peer)).orElse(0L));
  }

  /** Tells a contributor at once what it need not relay any more. */
  void skipNow(PeerId peer) {
    Optional<Watched> role =
        Optional.ofNullable(watched.get(peer)).filter(any -> any.role() == Role.CONTRIBUTOR);
    if (role.isPresent() && skipping.add(peer)) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  skip(
                      context.peers().client(peer),
                      new Attempt(migration, role.get().epoch()),
                      context.timeouts().contributorSilence());
                } catch (DcmException failed) {
                  // The next question finds out what is the matter; what was to be skipped is only
                  // relayed for nothing.
                } finally {
                  skipping.remove(peer);
                }
              });
    }
  }

  private void skip(PeerClient client, Attempt attempt, Duration deadline) throws DcmException {
    PeerId peer = client.peer();
    for (List<Extent> skip = skips(peer); !skip.isEmpty(); skip = skips(peer)) {
      client.skip(attempt, skip, deadline);
    }
  }

  private List<Extent> skips(PeerId peer) {
    return pages.map(all -> all.takeSkips(peer, Wire.MAX_EXTENTS)).orElse(List.of());
  }

  private void unanswered(PeerId peer, Watched role, Duration silence, Failure failure) {
    boolean silent =
        failure.reason() == Reason.PEER_UNREACHABLE || failure.reason() == Reason.DEADLINE_PASSED;
    long quietNs = System.nanoTime() - answeredNs.getOrDefault(peer, role.sinceNs());
    // A peer that answers that it knows nothing is gone at once; a silent one gets its time.
    if ((silent && quietNs < silence.toNanos()) || !isCurrent(peer, role.epoch())) {
      return;
    }
    if (role.role() == Role.CONTRIBUTOR) {
      lost(peer, role.epoch(), failure);
    } else {
      listener.happened(new SourceInput.DestinationLost(role.epoch(), failure));
    }
  }

  private void lost(PeerId peer, long epoch, Failure failure) {
    pages.ifPresent(all -> all.settle(peer));
    listener.happened(new SourceInput.ContributorLost(epoch, peer, failure));
  }

  /** Whether the peer plays its part in this epoch still. */
  boolean isCurrent(PeerId peer, long epoch) {
    return Optional.ofNullable(watched.get(peer)).map(role -> role.epoch() == epoch).orElse(false);
  }

  @Override
  public void close() {
    closed.countDown();
    pages = Optional.empty();
  }
}
