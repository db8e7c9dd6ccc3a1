package org.dcmigrate.conformance.play;

import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetSegmentDigestsRequest;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.InventoryBatch;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.SenderProgress;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/** The destination's services of a played peer, as they are right. */
final class PlayedDestination extends DestinationServiceGrpc.DestinationServiceImplBase {
  private static final int DIGESTS_A_MESSAGE = 8192;

  private final PlayedPeer peer;

  PlayedDestination(PlayedPeer peer) {
    this.peer = peer;
  }

  /** The service that pages come by. */
  TransferServiceGrpc.TransferServiceImplBase transfers() {
    return new Transfers();
  }

  @Override
  public void open(OpenRequest request, StreamObserver<OpenResponse> out) {
    Served.one(
        out,
        () -> {
          Wire.attempt(request.getAttempt());
          long held = peer.holderFor(request).open(request);
          return OpenResponse.newBuilder().setVersion(1).setHeldPages(held).build();
        });
  }

  @Override
  public StreamObserver<ResendMetadataRequest> resendMetadata(
      StreamObserver<ResendMetadataResponse> out) {
    return new Served.Stream<>(out) {
      private final List<MetadataRecord> records = new ArrayList<>();
      private Optional<ResendMetadataRequest.Header> header = Optional.empty();

      @Override
      void message(ResendMetadataRequest message) {
        if (message.hasHeader()) {
          header = Optional.of(message.getHeader());
        } else {
          records.add(message.getRecord());
        }
      }

      @Override
      void halfClosed() throws DcmException {
        if (header.isEmpty() || header.get().getRecordCount() != records.size()) {
          throw new DcmException(Reason.FIELD_INVALID, "header and records do not fit");
        }
        AttemptRef attempt = header.get().getAttempt();
        peer.holder(attempt).describe(attempt, records);
        out.onNext(ResendMetadataResponse.getDefaultInstance());
        out.onCompleted();
      }
    };
  }

  @Override
  public void getInventory(GetInventoryRequest request, StreamObserver<GetInventoryResponse> out) {
    Served.one(
        out,
        () -> {
          List<InventoryBatch> batches =
              peer.holder(request.getAttempt()).inventory(request.getAttempt());
          for (InventoryBatch batch : batches.subList(0, Math.max(0, batches.size() - 1))) {
            out.onNext(GetInventoryResponse.newBuilder().setBatch(batch).build());
          }
          return batches.isEmpty()
              ? GetInventoryResponse.getDefaultInstance()
              : GetInventoryResponse.newBuilder().setBatch(batches.getLast()).build();
        });
  }

  @Override
  public void getSegmentDigests(
      GetSegmentDigestsRequest request, StreamObserver<GetSegmentDigestsResponse> out) {
    Served.one(
        out,
        () -> {
          List<GetSegmentDigestsResponse> parts = new ArrayList<>();
          int block = 0;
          for (List<Long> sums : peer.holder(request.getAttempt()).segments(request.getAttempt())) {
            for (int from = 0; from < sums.size(); from += DIGESTS_A_MESSAGE) {
              parts.add(
                  GetSegmentDigestsResponse.newBuilder()
                      .setBlock(block)
                      .setFirstSegment(from)
                      .addAllDigests(
                          sums.subList(from, Math.min(sums.size(), from + DIGESTS_A_MESSAGE)))
                      .build());
            }
            block++;
          }
          parts.subList(0, Math.max(0, parts.size() - 1)).forEach(out::onNext);
          return parts.isEmpty() ? GetSegmentDigestsResponse.getDefaultInstance() : parts.getLast();
        });
  }

  @Override
  public StreamObserver<SwitchoverRequest> switchover(StreamObserver<SwitchoverResponse> out) {
    return new Served.Stream<>(out) {
      private Optional<SwitchoverRequest.Prepare> preparing = Optional.empty();

      @Override
      void message(SwitchoverRequest message) throws DcmException {
        switch (message.getStepCase()) {
          case PREPARE -> {
            AttemptRef attempt = message.getPrepare().getAttempt();
            peer.holder(attempt)
                .require(attempt, PlayedHolder.State.RECEIVING, PlayedHolder.State.PREPARED);
            preparing = Optional.of(message.getPrepare());
          }
          case DEVICE_STATE -> peer.deviceState(message.getDeviceState());
          case PREPARE_END -> out.onNext(prepared());
          case COMMIT -> commit(message.getCommit(), out);
          case STEP_NOT_SET -> throw new DcmException(Reason.FIELD_INVALID, "no step");
        }
      }

      private SwitchoverResponse prepared() throws DcmException {
        if (preparing.isEmpty()) {
          throw new DcmException(Reason.STATE_CONFLICT, "PrepareEnd before Prepare");
        }
        SwitchoverRequest.Prepare prepare = preparing.get();
        PlayedHolder holder = peer.holder(prepare.getAttempt());
        boolean right = holder.prepare(prepare.getAttempt(), prepare.getMemoryDigest());
        return right
            ? SwitchoverResponse.newBuilder()
                .setPrepared(
                    SwitchoverResponse.Prepared.newBuilder()
                        .setMemoryDigest(prepare.getMemoryDigest()))
                .build()
            : SwitchoverResponse.newBuilder()
                .setIncomplete(
                    SwitchoverResponse.Incomplete.newBuilder()
                        .setMemoryDigest(holder.digest())
                        .setMissingPages(holder.missingPages()))
                .build();
      }

      @Override
      void halfClosed() {
        out.onCompleted();
      }
    };
  }

  private void commit(SwitchoverRequest.Commit commit, StreamObserver<SwitchoverResponse> out)
      throws DcmException {
    PlayedHolder holder = peer.holder(commit.getAttempt());
    boolean runs = holder.grant(commit.getAttempt(), commit.getMemoryDigest());
    Runnable running =
        () ->
            out.onNext(
                SwitchoverResponse.newBuilder()
                    .setRunning(SwitchoverResponse.Running.newBuilder().setResumeNs(1))
                    .build());
    if (runs) {
      running.run();
    } else {
      peer.voter().decide(commit, holder, running);
    }
  }

  @Override
  public void getDestinationStatus(
      GetDestinationStatusRequest request, StreamObserver<GetDestinationStatusResponse> out) {
    Served.one(
        out,
        () -> {
          PlayedHolder holder = peer.holder(request.getAttempt());
          holder.require(
              request.getAttempt(),
              PlayedHolder.State.OPENED,
              PlayedHolder.State.RECEIVING,
              PlayedHolder.State.PREPARED,
              PlayedHolder.State.DECIDING,
              PlayedHolder.State.OWNED);
          GetDestinationStatusResponse.Builder status =
              GetDestinationStatusResponse.newBuilder()
                  .setState(state(holder.state()))
                  .setHeldPages(holder.heldPages());
          for (Map.Entry<PeerId, Long> sender : holder.acceptedPages().entrySet()) {
            status.addSenders(
                SenderProgress.newBuilder()
                    .setSender(Wire.peer(sender.getKey()))
                    .setAcceptedPages(sender.getValue()));
          }
          return status.build();
        });
  }

  private static DestinationState state(PlayedHolder.State state) {
    return switch (state) {
      case OPENED -> DestinationState.DESTINATION_STATE_OPENED;
      case RECEIVING -> DestinationState.DESTINATION_STATE_RECEIVING;
      case PREPARED -> DestinationState.DESTINATION_STATE_PREPARED;
      case DECIDING -> DestinationState.DESTINATION_STATE_DECIDING;
      case OWNED -> DestinationState.DESTINATION_STATE_OWNED;
      case DETACHED, RELAYING, DRAINED, FAILED, FORGOTTEN ->
          DestinationState.DESTINATION_STATE_UNSPECIFIED;
    };
  }

  @Override
  public void abort(AbortRequest request, StreamObserver<AbortResponse> out) {
    Served.one(
        out,
        () -> {
          peer.forget(request.getAttempt());
          return AbortResponse.getDefaultInstance();
        });
  }

  private final class Transfers extends TransferServiceGrpc.TransferServiceImplBase {
    @Override
    public StreamObserver<TransferRequest> transfer(StreamObserver<TransferResponse> out) {
      PeerId sender = CallerIdentity.current();
      return new Served.Stream<>(out) {
        private Optional<AttemptRef> attempt = Optional.empty();
        private long chunks;

        @Override
        void message(TransferRequest message) throws DcmException {
          if (attempt.isEmpty()) {
            attempt = Optional.of(message.getOpen().getAttempt());
            peer.holder(attempt.get()).require(attempt.get(), PlayedHolder.State.RECEIVING);
            return;
          }
          PlayedHolder holder = peer.holder(attempt.get());
          long first = holder.store(attempt.get(), sender, message.getChunk());
          peer.emissions().sent(first, message.getChunk(), holder.digests());
          chunks++;
          out.onNext(TransferResponse.newBuilder().setAcknowledgedChunks(chunks).build());
        }

        @Override
        void halfClosed() {
          out.onCompleted();
        }
      };
    }
  }
}
