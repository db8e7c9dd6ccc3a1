package org.dcmigrate.ctl;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.CancelMigrationResponse;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.CreateGuestResponse;
import org.dcmigrate.v1.GetLimitsRequest;
import org.dcmigrate.v1.GetLimitsResponse;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.GetMigrationResponse;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.ListGuestsResponse;
import org.dcmigrate.v1.ListMigrationsRequest;
import org.dcmigrate.v1.ListMigrationsResponse;
import org.dcmigrate.v1.ListPeersRequest;
import org.dcmigrate.v1.ListPeersResponse;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.MigrateResponse;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.RedirectResponse;
import org.dcmigrate.v1.SetDowntimeLimitRequest;
import org.dcmigrate.v1.SetDowntimeLimitResponse;
import org.dcmigrate.v1.SetLimitsRequest;
import org.dcmigrate.v1.SetLimitsResponse;
import org.dcmigrate.v1.WatchMigrationRequest;
import org.dcmigrate.v1.WatchMigrationResponse;

/** A peer that answers what it is told to, and notes what it is asked. */
final class FakePeer implements AutoCloseable {
  final List<Migration> migrations = new ArrayList<>();
  final List<Guest> guests = new ArrayList<>();
  final List<Migration> course = new ArrayList<>();
  final List<Object> asked = new ArrayList<>();
  GetLimitsResponse limits = GetLimitsResponse.getDefaultInstance();
  Optional<DcmException> refusal = Optional.empty();

  /** Whether a watch stays open after the last step of the course. */
  boolean watchStaysOpen;

  private final String name = InProcessServerBuilder.generateName();
  private final Server server;

  FakePeer() throws Exception {
    server =
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new Migrations())
            .addService(new Peers())
            .build()
            .start();
  }

  /** What a command left behind. */
  record Result(int exitCode, String out, String err) {}

  Result run(String... arguments) {
    return run(Map.of(), arguments);
  }

  Result run(Map<String, String> variables, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    // Nobody's own contexts.
    Map<String, String> all = new HashMap<>(Map.of("DCM_CONFIG", "/nonexistent/contexts.yaml"));
    all.putAll(variables);
    Environment environment =
        new Environment(
            all, new PrintWriter(out), new PrintWriter(err), false, settings -> channel());
    int code = Main.run(environment, arguments);
    return new Result(code, out.toString(), err.toString());
  }

  ManagedChannel channel() {
    return InProcessChannelBuilder.forName(name).directExecutor().build();
  }

  void refuse(Reason reason, String sentence) {
    refusal = Optional.of(new DcmException(reason, sentence));
  }

  static Guest guest(String guest) {
    return Guest.newBuilder()
        .setName(guest)
        .setKind("synthetic")
        .setState(GuestState.GUEST_STATE_RUNNING)
        .setMemoryBytes(512L << 20)
        .build();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private Migration first() {
    return migrations.isEmpty() ? Migration.getDefaultInstance() : migrations.getFirst();
  }

  private <T> void answer(Object request, StreamObserver<T> out, T answer) {
    asked.add(request);
    if (refusal.isPresent()) {
      out.onError(Errors.toStatus(refusal.get()));
      return;
    }
    out.onNext(answer);
    out.onCompleted();
  }

  private final class Migrations extends MigrationServiceGrpc.MigrationServiceImplBase {
    @Override
    public void migrate(MigrateRequest request, StreamObserver<MigrateResponse> out) {
      answer(request, out, MigrateResponse.newBuilder().setMigration(first()).build());
    }

    @Override
    public void redirect(RedirectRequest request, StreamObserver<RedirectResponse> out) {
      answer(request, out, RedirectResponse.newBuilder().setMigration(first()).build());
    }

    @Override
    public void cancelMigration(
        CancelMigrationRequest request, StreamObserver<CancelMigrationResponse> out) {
      answer(request, out, CancelMigrationResponse.newBuilder().setMigration(first()).build());
    }

    @Override
    public void getLimits(GetLimitsRequest request, StreamObserver<GetLimitsResponse> out) {
      answer(request, out, limits);
    }

    @Override
    public void setDowntimeLimit(
        SetDowntimeLimitRequest request, StreamObserver<SetDowntimeLimitResponse> out) {
      answer(request, out, SetDowntimeLimitResponse.newBuilder().setMigration(first()).build());
    }

    @Override
    public void setLimits(SetLimitsRequest request, StreamObserver<SetLimitsResponse> out) {
      answer(request, out, SetLimitsResponse.getDefaultInstance());
    }

    @Override
    public void getMigration(
        GetMigrationRequest request, StreamObserver<GetMigrationResponse> out) {
      answer(request, out, GetMigrationResponse.newBuilder().setMigration(first()).build());
    }

    @Override
    public void listMigrations(
        ListMigrationsRequest request, StreamObserver<ListMigrationsResponse> out) {
      answer(
          request, out, ListMigrationsResponse.newBuilder().addAllMigrations(migrations).build());
    }

    @Override
    public void watchMigration(
        WatchMigrationRequest request, StreamObserver<WatchMigrationResponse> out) {
      asked.add(request);
      for (Migration step : course) {
        out.onNext(WatchMigrationResponse.newBuilder().setMigration(step).build());
      }
      if (!watchStaysOpen) {
        out.onCompleted();
      }
    }
  }

  private final class Peers extends PeerServiceGrpc.PeerServiceImplBase {
    @Override
    public void listGuests(ListGuestsRequest request, StreamObserver<ListGuestsResponse> out) {
      answer(request, out, ListGuestsResponse.newBuilder().addAllGuests(guests).build());
    }

    @Override
    public void createGuest(CreateGuestRequest request, StreamObserver<CreateGuestResponse> out) {
      answer(
          request,
          out,
          CreateGuestResponse.newBuilder().setGuest(guest(request.getName())).build());
    }

    @Override
    public void listPeers(ListPeersRequest request, StreamObserver<ListPeersResponse> out) {
      answer(
          request,
          out,
          ListPeersResponse.newBuilder()
              .addPeers(
                  ListPeersResponse.Peer.newBuilder()
                      .setName("host-b")
                      .setEndpoint("host-b:7443")
                      .setReachable(true)
                      .setRoundTripUs(420))
              .addPeers(
                  ListPeersResponse.Peer.newBuilder()
                      .setName("host-c")
                      .setEndpoint("host-c:7443")
                      .setFailure("\u001b[31mrefused"))
              .build());
    }
  }
}
