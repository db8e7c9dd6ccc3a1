package org.dcmigrate.protocol.machine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.Message.Control;
import org.dcmigrate.protocol.machine.Message.Reply;
import org.dcmigrate.protocol.machine.SourceState.ContributorPhase;
import org.dcmigrate.protocol.machine.SourceState.Ended;
import org.dcmigrate.protocol.machine.SourceState.SwitchingOver;
import org.dcmigrate.protocol.machine.SourceState.Transferring;

/**
 * Asks every holder how it goes, at the epoch that it knows: renews its lease, and tells the
 * machine what has become of it.
 */
final class SourceWatch {
  private static final int MOST_MISSED = 3;

  private final World world;
  private final WorldSource source;
  private final Map<PeerId, Long> epochs = new LinkedHashMap<>();
  private final Map<PeerId, Integer> missed = new LinkedHashMap<>();

  SourceWatch(World world, WorldSource source) {
    this.world = world;
    this.source = source;
    world.agenda().every(10, this::ask);
  }

  /** The peer knows this epoch from now on. */
  void began(PeerId peer, long epoch) {
    epochs.put(peer, epoch);
    missed.put(peer, 0);
  }

  void ended(PeerId peer) {
    epochs.remove(peer);
  }

  void clear() {
    epochs.clear();
  }

  private void ask() {
    if (!source.alive() || source.state().isEmpty() || source.state().get() instanceof Ended) {
      return;
    }
    for (Map.Entry<PeerId, Long> known : List.copyOf(epochs.entrySet())) {
      PeerId peer = known.getKey();
      long epoch = known.getValue();
      Message status = new Control(new HolderInput.StatusAsked(epoch));
      world.network().call(source, peer, status, reply -> answered(peer, epoch, reply));
    }
  }

  private void answered(PeerId peer, long epoch, Reply reply) {
    if (epochs.getOrDefault(peer, 0L) != epoch || source.state().isEmpty()) {
      return;
    }
    switch (reply) {
      case Reply.Ok ok -> {
        missed.put(peer, 0);
        stateIs(peer, epoch, ok.state());
      }
      case Reply.Refused refused -> lost(peer, refused.failure());
      case Reply.Lost lost -> {
        if (missed.merge(peer, 1, Integer::sum) >= MOST_MISSED) {
          lost(peer, lost.failure());
        }
      }
      default -> throw new AssertionError(reply);
    }
  }

  private void stateIs(PeerId peer, long epoch, HolderState state) {
    Optional<ContributorPhase> phase =
        source.flowing().map(flow -> flow.contributors().getOrDefault(peer, ContributorPhase.LOST));
    if (!phase.equals(Optional.of(ContributorPhase.RELAYING))) {
      return;
    }
    switch (state) {
      case HolderState.Drained drained ->
          source.input(new SourceInput.ContributorDrained(epoch, peer));
      case HolderState.RelayFailed failed -> lost(peer, failed.why());
      default -> {}
    }
  }

  private void lost(PeerId peer, Failure why) {
    Optional<Transferring> flow = source.flowing();
    if (flow.isPresent() && flow.get().to().equals(peer)) {
      source.input(new SourceInput.DestinationLost(flow.get().epoch(), why));
    } else if (flow.isPresent()
        && flow.get().contributors().getOrDefault(peer, ContributorPhase.LOST).active()) {
      source.input(new SourceInput.ContributorLost(flow.get().epoch(), peer, why));
    } else if (source.state().orElseThrow() instanceof SwitchingOver switching
        && switching.to().equals(peer)
        && switching.lost().isEmpty()) {
      source.input(new SourceInput.DestinationLost(switching.epoch(), why));
    }
  }
}
