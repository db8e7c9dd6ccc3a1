package org.dcmigrate.peer.service;

import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.holder.Holder;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.peer.holder.SenderCounter;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetSegmentDigestsRequest;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;
import org.dcmigrate.v1.SenderProgress;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;

/** The destination's service. */
public final class DestinationEndpoint extends DestinationServiceGrpc.DestinationServiceImplBase {
  private static final int MAX_CAPABILITIES = 64;
  private static final int MAX_RECORDS = 1024;
  private static final int MAX_CAPABILITY_BYTES = 64;
  private static final long MAX_BATCH_BYTES = 16 << 20;
  private static final int MIN_LEASE_MS = 1000;
  private static final int MAX_LEASE_MS = 3_600_000;
  private static final int DIGESTS_PER_MESSAGE = 8192;

  private final Holders holders;
  private final Set<String> capabilities;

  public DestinationEndpoint(Holders holders, Set<String> capabilities) {
    this.holders = holders;
    this.capabilities = Set.copyOf(capabilities);
  }

  @Override
  public void open(OpenRequest request, StreamObserver<OpenResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          Attempt attempt = Wire.attempt(request.getAttempt());
          checkVersion(request.getVersionsList());
          checkCapabilities(request.getRequiredCapabilitiesList());
          Holder.Opening opening =
              new Holder.Opening(
                  Wire.guestName(request.getGuestName()),
                  Wire.digest(request.getDigestAlgorithm()),
                  lease(request.getLeaseMs()));
          List<PeerId> contributors = Wire.contributors(request.getContributorsList());
          long held = holders.open(attempt, caller, contributors, opening);
          return OpenResponse.newBuilder()
              .setVersion(PeerClient.VERSION)
              .setHeldPages(held)
              .build();
        });
  }

  private static void checkVersion(List<Integer> versions) throws DcmException {
    if (!versions.contains(PeerClient.VERSION)) {
      throw new DcmException(
          Reason.VERSION_MISMATCH,
          "this peer speaks version %d of the protocol, and was offered %s; update the older peer"
              .formatted(PeerClient.VERSION, versions.stream().limit(16).toList()));
    }
  }

  private void checkCapabilities(List<String> required) throws DcmException {
    if (required.size() > MAX_CAPABILITIES) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "at most 64 capabilities may be required, but there were " + required.size());
    }
    for (String each : required) {
      if (each.isEmpty() || each.getBytes(StandardCharsets.UTF_8).length > MAX_CAPABILITY_BYTES) {
        throw new DcmException(
            Reason.FIELD_INVALID,
            "a capability must have 1 to 64 bytes, but one was " + Text.quote(each));
      }
    }
    Optional<String> missing =
        required.stream().filter(each -> !capabilities.contains(each)).findFirst();
    if (missing.isPresent()) {
      throw new DcmException(
          Reason.CAPABILITY_MISSING,
          "capability %s is required, and this peer offers %s"
              .formatted(Text.quote(missing.get()), capabilities.stream().sorted().toList()));
    }
  }

  private static Duration lease(int leaseMs) throws DcmException {
    if (leaseMs < MIN_LEASE_MS || leaseMs > MAX_LEASE_MS) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "lease_ms must be 1000 to 3600000, but was " + Integer.toUnsignedString(leaseMs));
    }
    return Duration.ofMillis(leaseMs);
  }

  @Override
  public StreamObserver<ResendMetadataRequest> resendMetadata(
      StreamObserver<ResendMetadataResponse> out) {
    PeerId caller = CallerIdentity.current();
    return new BatchObserver<ResendMetadataRequest>(out) {
      private Optional<ResendMetadataRequest.Header> header = Optional.empty();
      private final List<MetadataRecord> records = new ArrayList<>();
      private long bytes;

      @Override
      void take(ResendMetadataRequest message) throws DcmException {
        switch (message.getPartCase()) {
          case HEADER -> {
            if (header.isPresent()) {
              throw new DcmException(Reason.FIELD_INVALID, "a metadata batch has one header");
            }
            header = Optional.of(message.getHeader());
            holders.get(Wire.attempt(message.getHeader().getAttempt()), caller);
          }
          case RECORD -> {
            if (header.isEmpty() || records.size() >= MAX_RECORDS) {
              throw new DcmException(
                  Reason.FIELD_INVALID, "a metadata batch is a header and up to 1024 records");
            }
            bytes += message.getSerializedSize();
            if (bytes > MAX_BATCH_BYTES) {
              throw new DcmException(
                  Reason.LIMIT_EXCEEDED,
                  "a metadata batch may have at most 16 MiB; this one has more");
            }
            records.add(message.getRecord());
          }
          case PART_NOT_SET ->
              throw new DcmException(Reason.FIELD_INVALID, "an empty metadata message came");
        }
      }

      @Override
      void end() {
        Calls.answer(
            out,
            () -> {
              ResendMetadataRequest.Header first =
                  header.orElseThrow(
                      () ->
                          new DcmException(
                              Reason.FIELD_INVALID, "a metadata batch begins with a header"));
              if (first.getRecordCount() != records.size()) {
                throw new DcmException(
                    Reason.FIELD_INVALID,
                    "the header announced %s metadata records, and %d came"
                        .formatted(
                            Integer.toUnsignedString(first.getRecordCount()), records.size()));
              }
              Attempt attempt = Wire.attempt(first.getAttempt());
              holders.get(attempt, caller).metadata(attempt.epoch(), Wire.metadata(records));
              return ResendMetadataResponse.getDefaultInstance();
            });
      }
    };
  }

  @Override
  public void getInventory(GetInventoryRequest request, StreamObserver<GetInventoryResponse> out) {
    PeerId caller = CallerIdentity.current();
    InventoryBatches<GetInventoryResponse> batches =
        new InventoryBatches<>(
            out, batch -> GetInventoryResponse.newBuilder().setBatch(batch).build());
    Thread.startVirtualThread(
        () ->
            Calls.stream(
                out,
                any -> {
                  Attempt attempt = Wire.attempt(request.getAttempt());
                  holders.get(attempt, caller).inventory(attempt.epoch(), batches);
                  batches.flush();
                }));
  }

  @Override
  public void getSegmentDigests(
      GetSegmentDigestsRequest request, StreamObserver<GetSegmentDigestsResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.stream(
        out,
        digests -> {
          Attempt attempt = Wire.attempt(request.getAttempt());
          Optional<PageStore> store = holders.get(attempt, caller).segments(attempt.epoch());
          if (store.isPresent()) {
            sendDigests(store.get(), digests);
          }
        });
  }

  private static void sendDigests(PageStore store, StreamObserver<GetSegmentDigestsResponse> out) {
    for (int block = 0; block < store.home().geometry().blocks().size(); block++) {
      long segments = store.segments(block);
      for (long first = 0; first < segments; first += DIGESTS_PER_MESSAGE) {
        GetSegmentDigestsResponse.Builder batch =
            GetSegmentDigestsResponse.newBuilder().setBlock(block).setFirstSegment(first);
        for (long k = first; k < Math.min(segments, first + DIGESTS_PER_MESSAGE); k++) {
          batch.addDigests(store.segmentDigest(block, k));
        }
        out.onNext(batch.build());
      }
    }
  }

  @Override
  public StreamObserver<SwitchoverRequest> switchover(StreamObserver<SwitchoverResponse> out) {
    return new SwitchoverStream(holders, CallerIdentity.current(), out);
  }

  @Override
  public void getDestinationStatus(
      GetDestinationStatusRequest request, StreamObserver<GetDestinationStatusResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          Attempt attempt = Wire.attempt(request.getAttempt());
          Holder holder = holders.get(attempt, caller);
          GetDestinationStatusResponse.Builder status = GetDestinationStatusResponse.newBuilder();
          for (Map.Entry<PeerId, SenderCounter> sender :
              holder.status(attempt.epoch()).entrySet()) {
            status.addSenders(
                SenderProgress.newBuilder()
                    .setSender(Wire.peer(sender.getKey()))
                    .setAcceptedPages(sender.getValue().acceptedPages())
                    .setDuplicatePages(sender.getValue().duplicatePages())
                    .setPayloadBytes(sender.getValue().payloadBytes()));
          }
          return status.setState(state(holder.state())).setHeldPages(holder.heldPages()).build();
        });
  }

  private static DestinationState state(HolderState state) throws DcmException {
    return switch (state) {
      case HolderState.Opened opened -> DestinationState.DESTINATION_STATE_OPENED;
      case HolderState.Receiving receiving -> DestinationState.DESTINATION_STATE_RECEIVING;
      case HolderState.Preparing preparing -> DestinationState.DESTINATION_STATE_PREPARING;
      case HolderState.Prepared prepared -> DestinationState.DESTINATION_STATE_PREPARED;
      case HolderState.Deciding deciding -> DestinationState.DESTINATION_STATE_DECIDING;
      case HolderState.Owned owned -> DestinationState.DESTINATION_STATE_OWNED;
      case HolderState.Forgotten forgotten -> throw forgotten.why().exception();
      case HolderState.Contributor contributor ->
          throw new DcmException(
              Reason.STATE_CONFLICT, "this peer is an old destination of the migration");
    };
  }

  @Override
  public void abort(AbortRequest request, StreamObserver<AbortResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          holders.forget(Wire.attempt(request.getAttempt()), caller);
          return AbortResponse.getDefaultInstance();
        });
  }
}
