package org.dcmigrate.conformance.play;

import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.InventoryBatch;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.ReleaseRequest;
import org.dcmigrate.v1.ReleaseResponse;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.SkipResponse;

/** The contributor's service of a played peer, as it is right. It relays within the tester. */
final class PlayedContributor extends ContributorServiceGrpc.ContributorServiceImplBase {
  private final PlayedPeer peer;

  PlayedContributor(PlayedPeer peer) {
    this.peer = peer;
  }

  @Override
  public void detach(DetachRequest request, StreamObserver<DetachResponse> out) {
    Served.one(
        out,
        () -> {
          AttemptRef attempt = request.getAttempt();
          PeerId destination = Wire.peer(request.getNewDestination());
          if (peer.other(destination).isEmpty()) {
            throw new DcmException(Reason.PEER_UNKNOWN, "the tester does not play that peer");
          }
          List<InventoryBatch> batches = peer.holder(attempt).detach(attempt);
          peer.relaysTo(attempt.getMigrationId(), destination);
          for (InventoryBatch batch : batches.subList(0, Math.max(0, batches.size() - 1))) {
            out.onNext(DetachResponse.newBuilder().setBatch(batch).build());
          }
          return batches.isEmpty()
              ? DetachResponse.getDefaultInstance()
              : DetachResponse.newBuilder().setBatch(batches.getLast()).build();
        });
  }

  @Override
  public StreamObserver<RelayRequest> relay(StreamObserver<RelayResponse> out) {
    return new Served.Stream<>(out) {
      private final List<Extent> named = new ArrayList<>();
      private Optional<AttemptRef> attempt = Optional.empty();

      @Override
      void message(RelayRequest message) throws DcmException {
        if (message.hasHeader()) {
          attempt = Optional.of(message.getHeader().getAttempt());
        } else if (attempt.isPresent()) {
          named.addAll(peer.holder(attempt.get()).extents(message.getPages().getExtentsList()));
        }
      }

      @Override
      void halfClosed() throws DcmException {
        if (attempt.isEmpty()) {
          throw new DcmException(Reason.FIELD_INVALID, "no header came");
        }
        PlayedHolder holder = peer.holder(attempt.get());
        long count = holder.relay(attempt.get(), named);
        out.onNext(RelayResponse.newBuilder().setPageCount(count).build());
        out.onCompleted();
        AttemptRef relayed = attempt.get();
        Thread.ofVirtual().name("relay-" + peer.name()).start(() -> relay(relayed, holder));
      }
    };
  }

  private void relay(AttemptRef attempt, PlayedHolder holder) {
    long epoch = attempt.getEpoch();
    long sent = 0;
    try {
      PlayedPeer to = peer.destinationOf(attempt.getMigrationId());
      PlayedHolder destination = to.holder(attempt);
      while (true) {
        peer.relayGate().await(sent);
        Optional<Long> next = holder.nextToRelay(epoch);
        if (next.isEmpty()) {
          break;
        }
        destination.relayed(
            epoch,
            peer.identity(),
            next.get(),
            holder.generationOf(next.get()),
            holder.digestOf(next.get()));
        holder.relayedOne();
        sent++;
      }
      holder.endRelay(epoch, PlayedHolder.State.DRAINED);
    } catch (DcmException refused) {
      holder.endRelay(epoch, PlayedHolder.State.FAILED);
    }
  }

  @Override
  public void skip(SkipRequest request, StreamObserver<SkipResponse> out) {
    Served.one(
        out,
        () -> {
          PlayedHolder holder = peer.holder(request.getAttempt());
          long skipped =
              holder.skip(request.getAttempt(), holder.extents(request.getExtentsList()));
          return SkipResponse.newBuilder().setSkippedPages(skipped).build();
        });
  }

  @Override
  public void getContributorStatus(
      GetContributorStatusRequest request, StreamObserver<GetContributorStatusResponse> out) {
    Served.one(
        out,
        () -> {
          PlayedHolder holder = peer.holder(request.getAttempt());
          holder.require(
              request.getAttempt(),
              PlayedHolder.State.DETACHED,
              PlayedHolder.State.RELAYING,
              PlayedHolder.State.DRAINED,
              PlayedHolder.State.FAILED);
          return GetContributorStatusResponse.newBuilder()
              .setState(state(holder.state()))
              .setWaitingPages(holder.waitingPages())
              .setRelayedPages(holder.relayedPages())
              .setPayloadBytes(holder.relayedPages() * Geometry.PAGE_BYTES)
              .build();
        });
  }

  private static ContributorState state(PlayedHolder.State state) {
    return switch (state) {
      case DETACHED -> ContributorState.CONTRIBUTOR_STATE_DETACHED;
      case RELAYING -> ContributorState.CONTRIBUTOR_STATE_RELAYING;
      case DRAINED -> ContributorState.CONTRIBUTOR_STATE_DRAINED;
      case FAILED -> ContributorState.CONTRIBUTOR_STATE_FAILED;
      case OPENED, RECEIVING, PREPARED, DECIDING, OWNED, FORGOTTEN ->
          ContributorState.CONTRIBUTOR_STATE_UNSPECIFIED;
    };
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> out) {
    Served.one(
        out,
        () -> {
          peer.forget(request.getAttempt());
          return ReleaseResponse.getDefaultInstance();
        });
  }
}
