package org.dcmigrate.peer.client;

import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.ShareWire;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.ContributorServiceGrpc.ContributorServiceBlockingStub;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.DestinationServiceGrpc.DestinationServiceBlockingStub;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetSegmentDigestsRequest;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.ReleaseRequest;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.SenderProgress;
import org.dcmigrate.v1.SkipRequest;

/**
 * What a source asks of another peer. Every call blocks, has a deadline, and fails with the other
 * peer's own reason.
 */
public final class PeerClient {
  /** The protocol version that this implementation speaks. */
  public static final int VERSION = 1;

  private final PeerId peer;
  private final Channel channel;

  public PeerClient(PeerId peer, Channel channel) {
    this.peer = peer;
    this.channel = channel;
  }

  /** Who is called. */
  public PeerId peer() {
    return peer;
  }

  /** The channel, for transfers. */
  public Channel channel() {
    return channel;
  }

  /** Asks the peer for a sign of life, waiting for it to come up within the deadline. */
  public void greet(Duration deadline) throws DcmException {
    call(
        () ->
            bounded(PeerServiceGrpc.newBlockingStub(channel), deadline)
                .withWaitForReady()
                .getPeer(GetPeerRequest.getDefaultInstance()));
  }

  /**
   * Waits until the peer can be reached, or for so long. Does not fail: the call that follows does,
   * and tells why.
   */
  public void reach(Duration patience) {
    try {
      greet(patience);
    } catch (DcmException unreachable) {
      // Told by the call that follows.
    }
  }

  /** Asks the peer to become the destination; gives the number of pages it holds already. */
  public long open(
      Attempt attempt,
      String guest,
      String kind,
      List<PeerId> contributors,
      PageDigest.Algorithm digest,
      Duration lease,
      Duration deadline)
      throws DcmException {
    OpenRequest request =
        OpenRequest.newBuilder()
            .setAttempt(Wire.attempt(attempt))
            .addVersions(VERSION)
            .addRequiredCapabilities("guest." + kind)
            .setGuestName(guest)
            .addAllContributors(Wire.peerRefs(contributors))
            .setDigestAlgorithm(Wire.digest(digest))
            .setLeaseMs((int) lease.toMillis())
            .build();
    OpenResponse accepted = call(() -> destination(deadline).open(request));
    if (accepted.getVersion() != VERSION) {
      throw new DcmException(
          Reason.VERSION_MISMATCH,
          "the destination chose version %s of the protocol, which was not offered"
              .formatted(Integer.toUnsignedString(accepted.getVersion())));
    }
    return accepted.getHeldPages();
  }

  /** Sends all metadata in one batch. */
  public void resendMetadata(Attempt attempt, GuestMetadata metadata, Duration deadline)
      throws DcmException {
    List<MetadataRecord> records = Wire.metadata(metadata);
    List<ResendMetadataRequest> messages = new ArrayList<>();
    messages.add(
        ResendMetadataRequest.newBuilder()
            .setHeader(
                ResendMetadataRequest.Header.newBuilder()
                    .setAttempt(Wire.attempt(attempt))
                    .setRecordCount(records.size()))
            .build());
    for (MetadataRecord record : records) {
      messages.add(ResendMetadataRequest.newBuilder().setRecord(record).build());
    }
    ClientStreaming.call(
        bounded(DestinationServiceGrpc.newStub(channel), deadline)::resendMetadata,
        messages.iterator(),
        deadline);
  }

  /** Tells which pages the destination holds. */
  public void inventory(
      Attempt attempt, Geometry geometry, Consumer<GenerationExtent> each, Duration deadline)
      throws DcmException {
    GetInventoryRequest request =
        GetInventoryRequest.newBuilder().setAttempt(Wire.attempt(attempt)).build();
    call(
        () -> {
          Iterator<GetInventoryResponse> batches = destination(deadline).getInventory(request);
          while (batches.hasNext()) {
            Wire.inventory(batches.next().getBatch(), geometry).forEach(each);
          }
          return true;
        });
  }

  /** Takes the digests of all segments of memory. */
  public interface SegmentDigestSink {
    /** The digest of one segment. */
    void accept(int block, long segment, long digest) throws DcmException;
  }

  /** Tells the digests of all segments that the destination holds. */
  public void segmentDigests(Attempt attempt, SegmentDigestSink each, Duration deadline)
      throws DcmException {
    GetSegmentDigestsRequest request =
        GetSegmentDigestsRequest.newBuilder().setAttempt(Wire.attempt(attempt)).build();
    call(
        () -> {
          Iterator<GetSegmentDigestsResponse> batches =
              destination(deadline).getSegmentDigests(request);
          while (batches.hasNext()) {
            GetSegmentDigestsResponse batch = batches.next();
            for (int i = 0; i < batch.getDigestsCount(); i++) {
              each.accept(batch.getBlock(), batch.getFirstSegment() + i, batch.getDigests(i));
            }
          }
          return true;
        });
  }

  /** Begins a switchover. */
  public SwitchoverCall switchover(Attempt attempt) {
    return new SwitchoverCall(DestinationServiceGrpc.newStub(channel), attempt);
  }

  /** What a destination says of itself. */
  public record DestinationStatus(long heldPages, List<SenderShare> senders) {
    public DestinationStatus {
      senders = List.copyOf(senders);
    }
  }

  /** What one sender has brought to a destination in this epoch. */
  public record SenderShare(
      PeerId sender, long acceptedPages, long duplicatePages, long payloadBytes) {}

  /** Asks the destination how it goes; renews its lease. */
  public DestinationStatus destinationStatus(Attempt attempt, Duration deadline)
      throws DcmException {
    GetDestinationStatusRequest request =
        GetDestinationStatusRequest.newBuilder().setAttempt(Wire.attempt(attempt)).build();
    return call(
        () -> {
          GetDestinationStatusResponse status = destination(deadline).getDestinationStatus(request);
          List<SenderShare> shares = new ArrayList<>();
          for (SenderProgress sender : status.getSendersList()) {
            shares.add(
                new SenderShare(
                    Wire.peer(sender.getSender()),
                    sender.getAcceptedPages(),
                    sender.getDuplicatePages(),
                    sender.getPayloadBytes()));
          }
          return new DestinationStatus(status.getHeldPages(), shares);
        });
  }

  /** Tells the peer to give up, waiting for it to become reachable within the deadline. */
  public void abort(Attempt attempt, Duration deadline) throws DcmException {
    AbortRequest request = AbortRequest.newBuilder().setAttempt(Wire.attempt(attempt)).build();
    call(() -> destination(deadline).withWaitForReady().abort(request));
  }

  /** Ends the peer's part as destination and tells what it holds. */
  public void detach(
      Attempt attempt,
      PeerId newDestination,
      Geometry geometry,
      Consumer<GenerationExtent> each,
      Duration deadline)
      throws DcmException {
    DetachRequest request =
        DetachRequest.newBuilder()
            .setAttempt(Wire.attempt(attempt))
            .setNewDestination(Wire.peer(newDestination))
            .build();
    call(
        () -> {
          Iterator<DetachResponse> batches = contributor(deadline).detach(request);
          while (batches.hasNext()) {
            Wire.inventory(batches.next().getBatch(), geometry).forEach(each);
          }
          return true;
        });
  }

  /** Names the pages to relay and starts the relay; gives the number that are going to be sent. */
  public long relay(Attempt attempt, PageSet pages, Share share, Duration deadline)
      throws DcmException {
    List<RelayRequest> messages = new ArrayList<>();
    messages.add(
        RelayRequest.newBuilder()
            .setHeader(
                RelayRequest.Header.newBuilder()
                    .setAttempt(Wire.attempt(attempt))
                    .setShare(ShareWire.share(share)))
            .build());
    List<Extent> batch = new ArrayList<>();
    pages.forEachExtent(
        extent -> {
          batch.add(extent);
          if (batch.size() == Wire.MAX_EXTENTS) {
            messages.add(relayPages(batch));
            batch.clear();
          }
        });
    if (!batch.isEmpty()) {
      messages.add(relayPages(batch));
    }
    return ClientStreaming.call(
            bounded(ContributorServiceGrpc.newStub(channel), deadline)::relay,
            messages.iterator(),
            deadline)
        .getPageCount();
  }

  private static RelayRequest relayPages(List<Extent> extents) {
    RelayRequest.Pages.Builder pages = RelayRequest.Pages.newBuilder();
    extents.forEach(extent -> pages.addExtents(Wire.extent(extent)));
    return RelayRequest.newBuilder().setPages(pages).build();
  }

  /** Takes pages off the relay. */
  public void skip(Attempt attempt, List<Extent> extents, Duration deadline) throws DcmException {
    SkipRequest.Builder request = SkipRequest.newBuilder().setAttempt(Wire.attempt(attempt));
    extents.forEach(extent -> request.addExtents(Wire.extent(extent)));
    call(() -> contributor(deadline).skip(request.build()));
  }

  /** What a contributor is doing. */
  public enum RelayState {
    DETACHED,
    RELAYING,
    DRAINED,
    FAILED
  }

  /** What a contributor says of itself. */
  public record ContributorStatus(
      RelayState state, long waitingPages, long relayedPages, long payloadBytes, String failure) {}

  /** Asks the contributor how it goes, and says what it may take; renews its lease. */
  public ContributorStatus contributorStatus(Attempt attempt, Share share, Duration deadline)
      throws DcmException {
    GetContributorStatusRequest request =
        GetContributorStatusRequest.newBuilder()
            .setAttempt(Wire.attempt(attempt))
            .setShare(ShareWire.share(share))
            .build();
    return call(
        () -> {
          GetContributorStatusResponse status = contributor(deadline).getContributorStatus(request);
          RelayState state =
              switch (status.getState()) {
                case CONTRIBUTOR_STATE_DETACHED -> RelayState.DETACHED;
                case CONTRIBUTOR_STATE_RELAYING -> RelayState.RELAYING;
                case CONTRIBUTOR_STATE_DRAINED -> RelayState.DRAINED;
                case CONTRIBUTOR_STATE_FAILED -> RelayState.FAILED;
                case CONTRIBUTOR_STATE_UNSPECIFIED, UNRECOGNIZED ->
                    throw new DcmException(
                        Reason.FIELD_INVALID,
                        peer + " told a contributor state that this version does not know");
              };
          return new ContributorStatus(
              state,
              status.getWaitingPages(),
              status.getRelayedPages(),
              status.getPayloadBytes(),
              status.getFailure());
        });
  }

  /** Tells the peer to forget the migration, waiting for it to become reachable. */
  public void release(Attempt attempt, Duration deadline) throws DcmException {
    ReleaseRequest request = ReleaseRequest.newBuilder().setAttempt(Wire.attempt(attempt)).build();
    call(() -> contributor(deadline).withWaitForReady().release(request));
  }

  private DestinationServiceBlockingStub destination(Duration deadline) {
    return bounded(DestinationServiceGrpc.newBlockingStub(channel), deadline);
  }

  private ContributorServiceBlockingStub contributor(Duration deadline) {
    return bounded(ContributorServiceGrpc.newBlockingStub(channel), deadline);
  }

  private static <S extends AbstractStub<S>> S bounded(S stub, Duration deadline) {
    return stub.withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  private interface Call<T> {
    T run() throws DcmException;
  }

  private static <T> T call(Call<T> call) throws DcmException {
    try {
      return call.run();
    } catch (StatusRuntimeException refused) {
      throw Errors.fromStatus(refused);
    }
  }
}
