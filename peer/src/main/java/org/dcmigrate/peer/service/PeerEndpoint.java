package org.dcmigrate.peer.service;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dcmigrate.peer.client.PeerClient;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.Guests;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.peer.holder.StandingGuest;
import org.dcmigrate.peer.source.Migrations;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.CreateGuestResponse;
import org.dcmigrate.v1.DeleteGuestRequest;
import org.dcmigrate.v1.DeleteGuestResponse;
import org.dcmigrate.v1.GetGuestRequest;
import org.dcmigrate.v1.GetGuestResponse;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.ListGuestsResponse;
import org.dcmigrate.v1.ListPeersRequest;
import org.dcmigrate.v1.ListPeersResponse;
import org.dcmigrate.v1.PeerServiceGrpc;

/** What a peer is and which guests it runs. */
public final class PeerEndpoint extends PeerServiceGrpc.PeerServiceImplBase {
  /** Name and version of this implementation, for people. */
  public static final String IMPLEMENTATION = "dcmd 0.1.0";

  private static final int PING_SECONDS = 2;
  private static final long MIN_MEMORY = 1L << 20;
  private static final long MAX_MEMORY = 1L << 40;
  private static final long MAX_WRITES = 10_000_000;

  private final Peers peers;
  private final Guests guests;
  private final Migrations migrations;
  private final Holders holders;
  private final EgressLimiter egress;
  private final Set<String> capabilities;
  private final Path runDirectory;
  private final Set<PeerId> operators;

  public PeerEndpoint(
      Peers peers,
      Guests guests,
      Migrations migrations,
      Holders holders,
      EgressLimiter egress,
      Set<String> capabilities,
      Path runDirectory,
      Set<PeerId> operators) {
    this.peers = peers;
    this.guests = guests;
    this.migrations = migrations;
    this.holders = holders;
    this.egress = egress;
    this.capabilities = Set.copyOf(capabilities);
    this.runDirectory = runDirectory;
    this.operators = Set.copyOf(operators);
  }

  @Override
  public void getPeer(GetPeerRequest request, StreamObserver<GetPeerResponse> out) {
    Calls.answer(
        out,
        () ->
            GetPeerResponse.newBuilder()
                .setName(peers.self().name())
                .setIdentity(peers.self().id().uri())
                .setImplementation(IMPLEMENTATION)
                .addVersions(PeerClient.VERSION)
                .addAllCapabilities(capabilities.stream().sorted().toList())
                .setGuestCount(guests.all().size())
                .setMigrationCount(migrations.activeCount() + holders.activeCount())
                .setEgressBytesPerSecond(egress.bytesPerSecond())
                .build());
  }

  @Override
  public void listPeers(ListPeersRequest request, StreamObserver<ListPeersResponse> out) {
    Calls.answer(
        out,
        () -> {
          List<CompletableFuture<ListPeersResponse.Peer>> asked =
              peers.all().stream()
                  .map(
                      peer ->
                          CompletableFuture.supplyAsync(
                              () -> ping(peer), Thread::startVirtualThread))
                  .toList();
          ListPeersResponse.Builder response = ListPeersResponse.newBuilder();
          asked.forEach(answer -> response.addPeers(answer.join()));
          return response.build();
        });
  }

  private ListPeersResponse.Peer ping(Peers.Peer peer) {
    ListPeersResponse.Peer.Builder answer =
        ListPeersResponse.Peer.newBuilder()
            .setName(peer.name())
            .setIdentity(peer.id().uri())
            .setEndpoint(peer.endpoint());
    long startedNs = System.nanoTime();
    try {
      PeerServiceGrpc.newBlockingStub(peers.client(peer.id()).channel())
          .withDeadlineAfter(PING_SECONDS, TimeUnit.SECONDS)
          .getPeer(GetPeerRequest.getDefaultInstance());
      return answer
          .setReachable(true)
          .setRoundTripUs((System.nanoTime() - startedNs) / 1000)
          .build();
    } catch (StatusRuntimeException failed) {
      return answer.setFailure(Errors.fromStatus(failed).sentence()).build();
    } catch (DcmException failed) {
      return answer.setFailure(failed.sentence()).build();
    }
  }

  @Override
  public void listGuests(ListGuestsRequest request, StreamObserver<ListGuestsResponse> out) {
    Calls.answer(
        out,
        () -> {
          ListGuestsResponse.Builder response = ListGuestsResponse.newBuilder();
          guests.all().forEach(guest -> response.addGuests(message(guest)));
          standing().forEach(guest -> response.addGuests(message(guest)));
          return response.build();
        });
  }

  @Override
  public void getGuest(GetGuestRequest request, StreamObserver<GetGuestResponse> out) {
    Calls.answer(
        out,
        () -> {
          Optional<StandingGuest> standing =
              standing().filter(guest -> guest.name().equals(request.getName())).findFirst();
          return GetGuestResponse.newBuilder()
              .setGuest(
                  standing.isPresent()
                      ? message(standing.get())
                      : message(guests.get(request.getName())))
              .build();
        });
  }

  /** Those that came and do not run, unless another guest of their name does. */
  private Stream<StandingGuest> standing() {
    return holders.standingGuests().stream().filter(guest -> !guests.has(guest.name()));
  }

  private static org.dcmigrate.v1.Guest message(StandingGuest guest) {
    return org.dcmigrate.v1.Guest.newBuilder()
        .setName(guest.name())
        .setKind(guest.kind())
        .setState(GuestState.GUEST_STATE_UNREACHABLE)
        .setMemoryBytes(guest.memoryBytes())
        .setMigrationId(guest.migration().toString())
        .putDetails("reason", guest.reason())
        .build();
  }

  @Override
  public void createGuest(CreateGuestRequest request, StreamObserver<CreateGuestResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          requireOperator(caller);
          String name = Wire.guestName(request.getName());
          SyntheticSpec spec = spec(request);
          if (guests.has(name)) {
            throw new DcmException(
                Reason.GUEST_EXISTS,
                "this peer has a guest named " + Text.quote(name) + " already; use another name");
          }
          SyntheticGuest guest =
              SyntheticGuest.create(
                  name, spec, runDirectory.resolve("guest-" + name + "-" + UUID.randomUUID()));
          try {
            guests.add(guest);
          } catch (DcmException refused) {
            guest.quit();
            throw refused;
          }
          return CreateGuestResponse.newBuilder().setGuest(message(guest)).build();
        });
  }

  private void requireOperator(PeerId caller) throws DcmException {
    if (!operators.contains(caller)) {
      throw new DcmException(
          Reason.IDENTITY_NOT_ADMITTED,
          caller + " is not a configured operator of this peer, and only those change its guests");
    }
  }

  private static SyntheticSpec spec(CreateGuestRequest request) throws DcmException {
    long memory = request.getMemoryBytes();
    if (memory < MIN_MEMORY || memory > MAX_MEMORY || memory % 4096 != 0) {
      throw invalid(
          "memory_bytes must be a multiple of 4096 from 1 MiB to 1 TiB, but was "
              + Long.toUnsignedString(memory));
    }
    if (request.getWritesPerSecond() < 0 || request.getWritesPerSecond() > MAX_WRITES) {
      throw invalid(
          "writes_per_second must be 0 to 10000000, but was "
              + Long.toUnsignedString(request.getWritesPerSecond()));
    }
    if (request.getZeroPercent() < 0 || request.getZeroPercent() > 100) {
      throw invalid("zero_percent must be 0 to 100, but was " + request.getZeroPercent());
    }
    if (request.getRepeatedPercent() < 0 || request.getRepeatedPercent() > 100) {
      throw invalid("repeated_percent must be 0 to 100, but was " + request.getRepeatedPercent());
    }
    SyntheticSpec.Pattern pattern =
        switch (request.getPattern()) {
          case WRITE_PATTERN_UNIFORM -> SyntheticSpec.Pattern.UNIFORM;
          case WRITE_PATTERN_HOT_SET -> SyntheticSpec.Pattern.HOT;
          case WRITE_PATTERN_UNSPECIFIED, UNRECOGNIZED ->
              throw invalid("pattern must be UNIFORM or HOT_SET");
        };
    return new SyntheticSpec(
        memory,
        request.getWritesPerSecond(),
        pattern,
        request.getSeed(),
        request.getZeroPercent(),
        request.getRepeatedPercent());
  }

  private static DcmException invalid(String sentence) {
    return new DcmException(Reason.FIELD_INVALID, sentence);
  }

  @Override
  public void deleteGuest(DeleteGuestRequest request, StreamObserver<DeleteGuestResponse> out) {
    PeerId caller = CallerIdentity.current();
    Calls.answer(
        out,
        () -> {
          requireOperator(caller);
          Guest guest = guests.get(request.getName());
          if (!(guest instanceof SyntheticGuest synthetic)) {
            throw new DcmException(
                Reason.GUEST_UNSUPPORTED,
                "only synthetic guests can be deleted here; stop a QEMU guest with its own tools");
          }
          if (guests.migration(guest.name()).isPresent()) {
            throw new DcmException(
                Reason.GUEST_BUSY, "the guest is in a migration; cancel that first");
          }
          holders.guestLeft(guest.name());
          guests.remove(guest.name());
          synthetic.quit();
          return DeleteGuestResponse.getDefaultInstance();
        });
  }

  private org.dcmigrate.v1.Guest message(Guest guest) {
    Guest.Info info = guest.info();
    org.dcmigrate.v1.Guest.Builder message =
        org.dcmigrate.v1.Guest.newBuilder()
            .setName(guest.name())
            .setKind(info.kind())
            .setMemoryBytes(info.memoryBytes())
            .putAllDetails(info.details())
            .setState(
                switch (info.state()) {
                  case RUNNING -> GuestState.GUEST_STATE_RUNNING;
                  case PAUSED -> GuestState.GUEST_STATE_PAUSED;
                  case UNREACHABLE -> GuestState.GUEST_STATE_UNREACHABLE;
                });
    guests.migration(guest.name()).ifPresent(id -> message.setMigrationId(id.toString()));
    return message.build();
  }
}
