package org.dcmigrate.peer.service;

import io.grpc.stub.StreamObserver;
import java.util.Optional;
import org.dcmigrate.peer.holder.Holder;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.wire.ShareWire;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.ReleaseRequest;
import org.dcmigrate.v1.ReleaseResponse;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.SkipResponse;

/** The old destination's service. */
public final class ContributorEndpoint extends ContributorServiceGrpc.ContributorServiceImplBase {
  private final Holders holders;

  public ContributorEndpoint(Holders holders) {
    this.holders = holders;
  }

  @Override
  public void detach(DetachRequest request, StreamObserver<DetachResponse> out) {
    PeerId caller = CallerIdentity.current();
    InventoryBatches<DetachResponse> batches =
        new InventoryBatches<>(out, batch -> DetachResponse.newBuilder().setBatch(batch).build());
    Thread.startVirtualThread(
        () ->
            Calls.stream(
                out,
                any -> {
                  Attempt attempt = Wire.attempt(request.getAttempt());
                  PeerId to = Wire.peer(request.getNewDestination());
                  holders.get(attempt, caller).detach(attempt.epoch(), to, batches);
                  batches.flush();
                }));
  }

  @Override
  public StreamObserver<RelayRequest> relay(StreamObserver<RelayResponse> out) {
    PeerId caller = CallerIdentity.current();
    return new BatchObserver<RelayRequest>(out) {
      private Optional<Relayed> relayed = Optional.empty();

      @Override
      void take(RelayRequest message) throws DcmException {
        switch (message.getPartCase()) {
          case HEADER -> {
            if (relayed.isPresent()) {
              throw new DcmException(Reason.FIELD_INVALID, "a relay list has one header");
            }
            Attempt attempt = Wire.attempt(message.getHeader().getAttempt());
            Holder holder = holders.get(attempt, caller);
            Geometry geometry = holder.geometry(attempt.epoch());
            Share share = ShareWire.relayShare(message.getHeader().getShare());
            relayed =
                Optional.of(new Relayed(attempt, holder, geometry, new PageSet(geometry), share));
          }
          case PAGES -> {
            Relayed list = header();
            Wire.extents(message.getPages().getExtentsList(), list.geometry())
                .forEach(list.pages()::add);
          }
          case PART_NOT_SET ->
              throw new DcmException(Reason.FIELD_INVALID, "an empty relay message came");
        }
      }

      private Relayed header() throws DcmException {
        return relayed.orElseThrow(
            () -> new DcmException(Reason.FIELD_INVALID, "a relay list begins with a header"));
      }

      @Override
      void end() {
        Calls.answer(
            out,
            () -> {
              Relayed list = header();
              long pages = list.holder().relay(list.attempt().epoch(), list.pages(), list.share());
              return RelayResponse.newBuilder().setPageCount(pages).build();
            });
      }
    };
  }

  private record Relayed(
      Attempt attempt, Holder holder, Geometry geometry, PageSet pages, Share share) {}

  @Override
  public void skip(SkipRequest request, StreamObserver<SkipResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          Attempt attempt = Wire.attempt(request.getAttempt());
          Holder holder = holders.get(attempt, caller);
          long skipped =
              holder.skip(
                  attempt.epoch(),
                  Wire.extents(request.getExtentsList(), holder.geometry(attempt.epoch())));
          return SkipResponse.newBuilder().setSkippedPages(skipped).build();
        });
  }

  @Override
  public void getContributorStatus(
      GetContributorStatusRequest request, StreamObserver<GetContributorStatusResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          Attempt attempt = Wire.attempt(request.getAttempt());
          Holder.RelayProgress progress =
              holders
                  .get(attempt, caller)
                  .relayProgress(attempt.epoch(), ShareWire.relayShare(request.getShare()));
          GetContributorStatusResponse.Builder status =
              GetContributorStatusResponse.newBuilder()
                  .setWaitingPages(progress.waitingPages())
                  .setRelayedPages(progress.relayedPages())
                  .setPayloadBytes(progress.payloadBytes());
          switch (progress.state()) {
            case HolderState.Detached detached ->
                status.setState(ContributorState.CONTRIBUTOR_STATE_DETACHED);
            case HolderState.Relaying relaying ->
                status.setState(ContributorState.CONTRIBUTOR_STATE_RELAYING);
            case HolderState.Drained drained ->
                status.setState(ContributorState.CONTRIBUTOR_STATE_DRAINED);
            case HolderState.RelayFailed failed ->
                status
                    .setState(ContributorState.CONTRIBUTOR_STATE_FAILED)
                    .setFailure(failed.why().sentence());
            case HolderState.Destination destination -> throw notContributor();
            case HolderState.Forgotten forgotten -> throw notContributor();
          }
          return status.build();
        });
  }

  private static DcmException notContributor() {
    return new DcmException(
        Reason.STATE_CONFLICT, "this peer is not an old destination of the migration");
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          holders.forget(Wire.attempt(request.getAttempt()), caller);
          return ReleaseResponse.getDefaultInstance();
        });
  }
}
