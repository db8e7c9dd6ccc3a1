package org.dcmigrate.conformance.mutants;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.health.v1.HealthCheckResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AppointResponse;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DeleteGuestResponse;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.DismissResponse;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.ListGuestsResponse;
import org.dcmigrate.v1.ListPeersResponse;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.ReleaseResponse;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.ResolveMigrationResponse;
import org.dcmigrate.v1.SkipResponse;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;

/** What destinations do wrong. */
public final class Faults {
  private Faults() {}

  interface Change<M> {
    M of(M message);
  }

  /** A fault in the calls that the peer makes itself. */
  static Fault inCalls(Fault fault) {
    return new Fault() {
      @Override
      public Fault calls() {
        return fault;
      }
    };
  }

  static <M extends Message> Fault request(Class<M> type, Change<M> change) {
    return new Fault() {
      @Override
      public Optional<Message> request(Call call, Message message) {
        return Optional.of(type.isInstance(message) ? change.of(type.cast(message)) : message);
      }
    };
  }

  static <M extends Message> Fault response(Class<M> type, Change<M> change) {
    return new Fault() {
      @Override
      public Optional<Message> response(Call call, Message message) {
        return Optional.of(type.isInstance(message) ? change.of(type.cast(message)) : message);
      }
    };
  }

  static Fault chunk(Change<PageChunk> change) {
    return request(
        TransferRequest.class,
        message ->
            message.hasChunk()
                ? message.toBuilder().setChunk(change.of(message.getChunk())).build()
                : message);
  }

  static Fault accepting(String method, String refusal) {
    return new Fault() {
      @Override
      public Optional<Message> instead(Call call, String reason) {
        return call.method().equals(method) && reason.equals(refusal)
            ? Optional.of(success(call))
            : Optional.empty();
      }
    };
  }

  /** Replaces pages by an empty chunk that was taken before, so that it is still acknowledged. */
  static Fault dropping(java.util.function.Predicate<PageChunk> which) {
    return chunk(chunk -> which.test(chunk) ? Chunks.zero(1, 79, 1, 1) : chunk);
  }

  /** Gives every chunk a newer generation than its pages have. */
  static Fault newest() {
    Map<Long, Integer> highest = new ConcurrentHashMap<>();
    return chunk(
        chunk ->
            chunk.toBuilder()
                .setGeneration(
                    highest.merge(
                        chunk.getFirstPage(),
                        chunk.getGeneration(),
                        (held, now) -> Math.max(held + 1, now)))
                .build());
  }

  static Fault trailers(Change<ErrorInfo.Builder> change) {
    Metadata.Key<byte[]> details =
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
    return new Fault() {
      @Override
      public Metadata trailers(Metadata trailers) {
        byte[] right = Optional.ofNullable(trailers.get(details)).orElseThrow();
        try {
          com.google.rpc.Status status = com.google.rpc.Status.parseFrom(right);
          ErrorInfo.Builder info = status.getDetails(0).unpack(ErrorInfo.class).toBuilder();
          Metadata changed = new Metadata();
          changed.put(
              details,
              status.toBuilder()
                  .setDetails(0, com.google.protobuf.Any.pack(change.of(info).build()))
                  .build()
                  .toByteArray());
          return changed;
        } catch (com.google.protobuf.InvalidProtocolBufferException impossible) {
          throw new AssertionError(impossible);
        }
      }
    };
  }

  /** Opens with version 1 what offers none in common, and says that it refused. */
  static final class OpensRefused implements Fault {
    @Override
    public Optional<Message> request(Call call, Message message) {
      return Optional.of(
          message instanceof OpenRequest open ? open.toBuilder().addVersions(1).build() : message);
    }

    @Override
    public Optional<Message> response(Call call, Message message) {
      boolean refused =
          call.method().equals("Open")
              && !((OpenRequest) call.first()).getVersionsList().contains(1);
      return refused ? Optional.empty() : Optional.of(message);
    }

    @Override
    public Optional<io.grpc.StatusRuntimeException> end(Call call) {
      return call.method().equals("Open")
              && !((OpenRequest) call.first()).getVersionsList().contains(1)
          ? Optional.of(
              org.dcmigrate.protocol.wire.Errors.toStatus(
                  new org.dcmigrate.protocol.DcmException(
                      org.dcmigrate.protocol.Reason.VERSION_MISMATCH, "no such version")))
          : Optional.empty();
    }
  }

  /** Stores the first page of a chunk before the checksum of the whole. */
  static final class StoresTooEarly implements Fault {
    @Override
    public List<Message> requests(Call call, Message message) {
      if (message instanceof TransferRequest transfer && transfer.getChunk().getPageCount() == 4) {
        PageChunk chunk = transfer.getChunk();
        ByteString first = chunk.getPayload().substring(0, 4096);
        return List.of(
            TransferRequest.newBuilder()
                .setChunk(Chunks.of(0, chunk.getFirstPage(), chunk.getGeneration(), first))
                .build(),
            message);
      }
      return List.of(message);
    }
  }

  static PageChunk spoilt(PageChunk chunk) {
    byte[] bytes = chunk.getPayload().toByteArray();
    bytes[0] ^= 1;
    ByteString payload = ByteString.copyFrom(bytes);
    return chunk.toBuilder().setPayload(payload).setPayloadCrc32C(Chunks.crc32c(payload)).build();
  }

  static TransferRequest withEpoch(TransferRequest message, long epoch) {
    TransferRequest.Builder changed = message.toBuilder();
    changed.getOpenBuilder().getAttemptBuilder().setEpoch(epoch);
    return changed.build();
  }

  static GetInventoryResponse allOne(GetInventoryResponse response) {
    GetInventoryResponse.Builder changed = response.toBuilder();
    changed.getBatchBuilder().getExtentsBuilderList().forEach(extent -> extent.setGeneration(1));
    return changed.build();
  }

  static SwitchoverResponse alwaysPrepared(SwitchoverResponse response) {
    return response.hasIncomplete()
        ? SwitchoverResponse.newBuilder()
            .setPrepared(SwitchoverResponse.Prepared.getDefaultInstance())
            .build()
        : response;
  }

  /** An answer that looks like success. */
  public static Message success(Call call) {
    return switch (call.method()) {
      case "Open" -> OpenResponse.newBuilder().setVersion(1).build();
      case "ResendMetadata" -> ResendMetadataResponse.getDefaultInstance();
      case "GetInventory" -> GetInventoryResponse.getDefaultInstance();
      case "GetSegmentDigests" -> GetSegmentDigestsResponse.getDefaultInstance();
      case "GetDestinationStatus" -> GetDestinationStatusResponse.getDefaultInstance();
      case "Abort" -> AbortResponse.getDefaultInstance();
      case "Detach" -> DetachResponse.getDefaultInstance();
      case "Relay" -> RelayResponse.getDefaultInstance();
      case "Skip" -> SkipResponse.getDefaultInstance();
      case "Release" -> ReleaseResponse.getDefaultInstance();
      case "GetContributorStatus" ->
          GetContributorStatusResponse.newBuilder()
              .setState(ContributorState.CONTRIBUTOR_STATE_DETACHED)
              .build();
      case "Transfer" ->
          TransferResponse.newBuilder().setAcknowledgedChunks(call.requests() - 1L).build();
      case "Switchover" ->
          SwitchoverResponse.newBuilder()
              .setRunning(SwitchoverResponse.Running.newBuilder().setResumeNs(1))
              .build();
      case "Appoint" -> AppointResponse.getDefaultInstance();
      case "Dismiss" -> DismissResponse.getDefaultInstance();
      case "Promise" ->
          PromiseResponse.newBuilder()
              .setPromisedBallot(((PromiseRequest) call.first()).getBallot())
              .build();
      case "Accept" ->
          AcceptResponse.newBuilder()
              .setPromisedBallot(((AcceptRequest) call.first()).getVote().getBallot())
              .build();
      case "ResolveMigration" -> ResolveMigrationResponse.getDefaultInstance();
      case "GetPeer" -> GetPeerResponse.getDefaultInstance();
      case "ListGuests" -> ListGuestsResponse.getDefaultInstance();
      case "ListPeers" -> ListPeersResponse.getDefaultInstance();
      case "DeleteGuest" -> DeleteGuestResponse.getDefaultInstance();
      case "Check", "Watch" -> HealthCheckResponse.getDefaultInstance();
      default -> throw new AssertionError(call.method());
    };
  }
}
