package org.dcmigrate.peer.service;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.holder.Holder;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.Migrations;
import org.dcmigrate.peer.source.SourceMigration;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.rate.Priority;
import org.dcmigrate.protocol.wire.DecisionWire;
import org.dcmigrate.protocol.wire.ShareWire;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.CancelMigrationResponse;
import org.dcmigrate.v1.GetLimitsRequest;
import org.dcmigrate.v1.GetLimitsResponse;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.GetMigrationResponse;
import org.dcmigrate.v1.ListMigrationsRequest;
import org.dcmigrate.v1.ListMigrationsResponse;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.MigrateResponse;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationLimits;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.RedirectResponse;
import org.dcmigrate.v1.ResolveMigrationRequest;
import org.dcmigrate.v1.ResolveMigrationResponse;
import org.dcmigrate.v1.SetDowntimeLimitRequest;
import org.dcmigrate.v1.SetDowntimeLimitResponse;
import org.dcmigrate.v1.SetLimitsRequest;
import org.dcmigrate.v1.SetLimitsResponse;
import org.dcmigrate.v1.WatchMigrationRequest;
import org.dcmigrate.v1.WatchMigrationResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The operators' service at the source. */
public final class MigrationEndpoint extends MigrationServiceGrpc.MigrationServiceImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(MigrationEndpoint.class);
  private static final int DEFAULT_DOWNTIME_MS = 300;
  private static final int MAX_MS = 60_000;
  private static final int DEFAULT_INTERVAL_MS = 500;
  private static final int MIN_INTERVAL_MS = 50;

  private final Migrations migrations;
  private final Peers peers;
  private final Holders holders;
  private final EgressLimiter egress;
  private final long configuredBytesPerSecond;

  /**
   * The service.
   *
   * @param configuredBytesPerSecond the egress limit of the configuration; 0: none
   */
  public MigrationEndpoint(
      Migrations migrations,
      Holders holders,
      Peers peers,
      EgressLimiter egress,
      long configuredBytesPerSecond) {
    this.migrations = migrations;
    this.holders = holders;
    this.peers = peers;
    this.egress = egress;
    this.configuredBytesPerSecond = configuredBytesPerSecond;
  }

  @Override
  public void migrate(MigrateRequest request, StreamObserver<MigrateResponse> out) {
    String what =
        "the migration of guest %s to %s"
            .formatted(Text.quote(request.getGuest()), Text.quote(request.getDestination()));
    answer(
        out,
        what,
        () -> {
          int limitMs = request.getOptions().getDowntimeLimitMs();
          if (limitMs < 0 || limitMs > MAX_MS) {
            throw new DcmException(
                Reason.FIELD_INVALID,
                "downtime_limit_ms must be 1 to 60000, or 0 for the default, but was "
                    + Integer.toUnsignedString(limitMs));
          }
          SourceMigration.Options options =
              new SourceMigration.Options(
                  Duration.ofMillis(limitMs == 0 ? DEFAULT_DOWNTIME_MS : limitMs),
                  request.getOptions().getAudit(),
                  witness(request),
                  ShareWire.share(request.getOptions().getShare()));
          MigrationView view =
              migrations.migrate(request.getGuest(), request.getDestination(), options);
          return MigrateResponse.newBuilder().setMigration(message(view)).build();
        });
  }

  private Optional<PeerId> witness(MigrateRequest request) throws DcmException {
    String name = request.getOptions().getWitness();
    if (name.isEmpty()) {
      return Optional.empty();
    }
    if (name.equals(peers.self().name()) || name.equals(request.getDestination())) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "witness must be another peer than source and destination, but was " + Text.quote(name));
    }
    return Optional.of(peers.byName(name).id());
  }

  @Override
  public void resolveMigration(
      ResolveMigrationRequest request, StreamObserver<ResolveMigrationResponse> out) {
    Calls.answer(
        out,
        () -> {
          if (!request.getOtherSideIsFenced()) {
            throw new DcmException(
                Reason.FIELD_INVALID,
                "other_side_is_fenced must be true: make sure first that the other side never runs"
                    + " the guest");
          }
          MigrationId migration = MigrationId.parse(request.getMigrationId());
          return ResolveMigrationResponse.newBuilder()
              .setExplanation(resolve(migration, DecisionWire.choice(request.getOwner())))
              .build();
        });
  }

  private String resolve(MigrationId migration, Choice choice) throws DcmException {
    Optional<Holder> holder = holders.find(migration);
    if (!migrations.has(migration) && holder.isPresent()) {
      holder.get().resolve(choice);
      return choice == Choice.DESTINATION
          ? "this peer owns the guest and resumes it"
          : "this peer gives the guest up for good";
    }
    return migrations.resolve(migration, choice).explanation();
  }

  @Override
  public void redirect(RedirectRequest request, StreamObserver<RedirectResponse> out) {
    String what =
        "the redirect of migration %s to %s"
            .formatted(Text.quote(request.getMigrationId()), Text.quote(request.getDestination()));
    answer(
        out,
        what,
        () -> {
          MigrationId migration = MigrationId.parse(request.getMigrationId());
          MigrationView view = migrations.redirect(migration, request.getDestination());
          return RedirectResponse.newBuilder().setMigration(message(view)).build();
        });
  }

  @Override
  public void cancelMigration(
      CancelMigrationRequest request, StreamObserver<CancelMigrationResponse> out) {
    Calls.answer(
        out,
        () -> {
          MigrationId migration = MigrationId.parse(request.getMigrationId());
          MigrationView view = migrations.cancel(migration);
          return CancelMigrationResponse.newBuilder().setMigration(message(view)).build();
        });
  }

  @Override
  public void setDowntimeLimit(
      SetDowntimeLimitRequest request, StreamObserver<SetDowntimeLimitResponse> out) {
    Calls.answer(
        out,
        () -> {
          int limitMs = request.getDowntimeLimitMs();
          if (limitMs < 1 || limitMs > MAX_MS) {
            throw new DcmException(
                Reason.FIELD_INVALID,
                "downtime_limit_ms must be 1 to 60000, but was "
                    + Integer.toUnsignedString(limitMs));
          }
          MigrationView view =
              migrations.limitDowntime(
                  MigrationId.parse(request.getMigrationId()), Duration.ofMillis(limitMs));
          return SetDowntimeLimitResponse.newBuilder().setMigration(message(view)).build();
        });
  }

  @Override
  public void setLimits(SetLimitsRequest request, StreamObserver<SetLimitsResponse> out) {
    Calls.answer(
        out,
        () -> {
          if (!request.hasEgressBytesPerSecond() && !request.hasMigration()) {
            throw new DcmException(Reason.FIELD_INVALID, "SetLimits names nothing to set");
          }
          // All is looked at before anything is changed.
          long bytesPerSecond =
              ShareWire.rate("egress_bytes_per_second", request.getEgressBytesPerSecond());
          if (request.hasMigration()) {
            limit(request.getMigration());
          }
          if (request.hasEgressBytesPerSecond()) {
            egress.setBytesPerSecond(bytesPerSecond);
            LOG.info("the egress limit is {} bytes per second (0: none)", bytesPerSecond);
          }
          return SetLimitsResponse.getDefaultInstance();
        });
  }

  private void limit(MigrationLimits limits) throws DcmException {
    Optional<Long> bytesPerSecond =
        limits.hasMostBytesPerSecond()
            ? Optional.of(ShareWire.rate("most_bytes_per_second", limits.getMostBytesPerSecond()))
            : Optional.empty();
    Optional<Priority> priority = ShareWire.priority(limits.getPriority());
    if (bytesPerSecond.isEmpty() && priority.isEmpty()) {
      throw new DcmException(
          Reason.FIELD_INVALID, "SetLimits names neither limit nor priority of the migration");
    }
    migrations.limit(MigrationId.parse(limits.getMigrationId()), bytesPerSecond, priority);
  }

  @Override
  public void getLimits(GetLimitsRequest request, StreamObserver<GetLimitsResponse> out) {
    Calls.answer(out, () -> MigrationMessages.limits(egress.snapshot(), configuredBytesPerSecond));
  }

  @Override
  public void getMigration(GetMigrationRequest request, StreamObserver<GetMigrationResponse> out) {
    Calls.answer(
        out,
        () -> {
          MigrationId migration = MigrationId.parse(request.getMigrationId());
          return GetMigrationResponse.newBuilder()
              .setMigration(message(migrations.get(migration).view()))
              .build();
        });
  }

  @Override
  public void listMigrations(
      ListMigrationsRequest request, StreamObserver<ListMigrationsResponse> out) {
    Calls.answer(
        out,
        () -> {
          ListMigrationsResponse.Builder response = ListMigrationsResponse.newBuilder();
          migrations.all().forEach(view -> response.addMigrations(message(view)));
          return response.build();
        });
  }

  @Override
  public void watchMigration(
      WatchMigrationRequest request, StreamObserver<WatchMigrationResponse> out) {
    ServerCallStreamObserver<WatchMigrationResponse> stream =
        (ServerCallStreamObserver<WatchMigrationResponse>) out;
    stream.setOnCancelHandler(() -> {});
    Thread.startVirtualThread(() -> Calls.stream(out, any -> watch(request, stream)));
  }

  private void watch(
      WatchMigrationRequest request, ServerCallStreamObserver<WatchMigrationResponse> out)
      throws DcmException {
    int asked = request.getIntervalMs() == 0 ? DEFAULT_INTERVAL_MS : request.getIntervalMs();
    if (asked < MIN_INTERVAL_MS || asked > MAX_MS) {
      throw new DcmException(
          Reason.FIELD_INVALID, "interval_ms must be 50 to 60000, or 0 for the default");
    }
    SourceMigration migration = migrations.get(MigrationId.parse(request.getMigrationId()));
    Duration interval = Duration.ofMillis(asked);
    while (!out.isCancelled()) {
      MigrationView view = migration.view();
      if (out.isReady()) {
        out.onNext(WatchMigrationResponse.newBuilder().setMigration(message(view)).build());
      }
      if (view.ended()) {
        return;
      }
      migration.awaitChange(view.state(), interval);
    }
  }

  /** Leaves a line of a refusal here too: what did not begin is in no list of migrations. */
  private static <A> void answer(StreamObserver<A> out, String what, Calls.Answer<A> answer) {
    Calls.answer(
        out,
        () -> {
          try {
            return answer.make();
          } catch (DcmException refused) {
            LOG.warn("{} was refused: {}: {}", what, refused.reason(), refused.sentence());
            throw refused;
          }
        });
  }

  private Migration message(MigrationView view) {
    return MigrationMessages.of(view, peers);
  }
}
