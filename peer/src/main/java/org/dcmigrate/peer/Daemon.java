package org.dcmigrate.peer;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.decision.Acceptors;
import org.dcmigrate.peer.decision.Ballots;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.Guests;
import org.dcmigrate.peer.guest.qemu.QemuAdapter;
import org.dcmigrate.peer.guest.qemu.QemuAdapterConfig;
import org.dcmigrate.peer.guest.qemu.QemuGuest;
import org.dcmigrate.peer.guest.qemu.QemuGuestConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticAdapter;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.holder.HolderContext;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.journal.WriteObserver;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.peer.service.Admission;
import org.dcmigrate.peer.service.ContributorEndpoint;
import org.dcmigrate.peer.service.DecisionEndpoint;
import org.dcmigrate.peer.service.DestinationEndpoint;
import org.dcmigrate.peer.service.MigrationEndpoint;
import org.dcmigrate.peer.service.PeerEndpoint;
import org.dcmigrate.peer.source.Migrations;
import org.dcmigrate.peer.source.SourceContext;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.peer.trace.Trace;
import org.dcmigrate.peer.trace.TraceFile;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.peer.transfer.TransferReceiver;
import org.dcmigrate.peer.transfer.ZstdLibrary;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One peer: journal, guests, holders, migrations, and the services over them. Recovery comes before
 * the first call is served.
 */
public final class Daemon implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);
  private static final int JOURNAL_EXIT_CODE = 70;
  private static final long TICK_MS = 500;
  private static final int MOST_SEATS = 10_000;
  private static final int MOST_SEATS_OF_A_SOURCE = 2_500;
  private static final Duration GREETING_DEADLINE = Duration.ofSeconds(5);
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);

  private final Peers peers;
  private final Journal journal;
  private final Optional<TraceFile> traceFile;
  private final Guests guests;
  private final Holders holders;
  private final Migrations migrations;
  private final EgressLimiter egress;
  private final Server server;
  private final HealthStatusManager health;
  private final ScheduledExecutorService timer;
  private final ExecutorService calls;
  private final ExecutorService pages;

  private Daemon(DcmdConfig config, TransitionObserver observer, WriteObserver writes)
      throws DcmException, IOException {
    GuestHome.createDirectories(config.stateDirectory());
    GuestHome.createDirectories(config.runDirectory());
    Security security = security(config);
    peers = peers(config, security);
    journal =
        Journal.open(
            config.stateDirectory().resolve("journal.db"), Daemon::endForLackOfJournal, writes);
    guests = new Guests(config.limits().guests());
    egress = new EgressLimiter(config.limits().egressBytesPerSecond(), System::nanoTime);
    CompressionMode compression = compression(config);
    List<GuestAdapter> adapters = adapters(config);
    traceFile = traceFile(config);
    Trace trace = traceFile.<Trace>map(file -> file).orElse(Trace.NONE);
    Acceptors acceptors =
        new Acceptors(peers.self().id(), journal, MOST_SEATS, MOST_SEATS_OF_A_SOURCE, trace);
    acceptors.recover();
    Ballots ballots = new Ballots(peers, acceptors);
    holders =
        new Holders(
            new HolderContext(
                peers,
                journal,
                guests,
                adapters,
                config.runDirectory(),
                config.limits().memoryBytes(),
                egress,
                config.timeouts(),
                acceptors,
                ballots,
                trace,
                compression),
            config.limits().migrations());
    migrations =
        new Migrations(
            new SourceContext(
                peers,
                journal,
                guests,
                egress,
                config.timeouts(),
                config.digest(),
                holders::guestLeft,
                observer,
                acceptors,
                ballots,
                trace,
                compression),
            config.limits().migrations());
    timer = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
    calls = Executors.newVirtualThreadPerTaskExecutor();
    pages = Executors.newCachedThreadPool(Thread.ofPlatform().name("pages-", 0).daemon().factory());
    health = new HealthStatusManager();
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);

    removeDeadGuests(config.runDirectory());
    holders.recover();
    addGuests(config);
    migrations.recover();
    var _ =
        timer.scheduleAtFixedRate(
            () -> Thread.startVirtualThread(() -> holders.tick(System.nanoTime())),
            TICK_MS,
            TICK_MS,
            TimeUnit.MILLISECONDS);
    server = serve(config, security, acceptors, capabilities(adapters, compression), compression);
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
    config.peers().forEach(peer -> Thread.startVirtualThread(() -> greet(peer.name())));
    LOG.info("{} ({}) serves on port {}", config.name(), peers.self().id(), server.getPort());
  }

  /**
   * Starts a peer.
   *
   * @throws DcmException when something that it needs cannot be had
   */
  public static Daemon start(DcmdConfig config) throws DcmException {
    return start(config, TransitionObserver.NONE);
  }

  /** Starts a peer whose migrations are looked at. */
  public static Daemon start(DcmdConfig config, TransitionObserver observer) throws DcmException {
    return start(config, observer, WriteObserver.NONE);
  }

  /** Starts a peer whose migrations and journal are looked at. */
  static Daemon start(DcmdConfig config, TransitionObserver observer, WriteObserver writes)
      throws DcmException {
    try {
      return new Daemon(config, observer, writes);
    } catch (IOException failed) {
      throw new DcmException(
          Reason.INTERNAL, "the daemon cannot start: " + failed.getMessage(), failed);
    }
  }

  /** Connects to a peer, so that a certificate that does not fit shows now and not in need. */
  private void greet(String name) {
    try {
      PeerId peer = peers.byName(name).id();
      peers.client(peer).greet(GREETING_DEADLINE);
      LOG.info("{} answers", name);
    } catch (DcmException unreachable) {
      LOG.warn("{} does not answer now: {}", name, unreachable.sentence());
    }
  }

  /**
   * Ends the process at once: a decision that is not on disk must have no effect. QEMU guests run
   * on, and a restart goes by what the journal has.
   */
  private static void endForLackOfJournal(Journal.JournalFailure failure) {
    LOG.error("the peer ends, because {}", failure.getMessage());
    Runtime.getRuntime().halt(JOURNAL_EXIT_CODE);
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** The guests at this peer. */
  public Guests guests() {
    return guests;
  }

  /** What limits the pages that this peer sends. */
  public EgressLimiter egress() {
    return egress;
  }

  /** The migrations that leave this peer. */
  public Migrations migrations() {
    return migrations;
  }

  /** The migrations that come to this peer. */
  public Holders holders() {
    return holders;
  }

  /** Waits until the server has ended. */
  void awaitEnd() throws InterruptedException {
    server.awaitTermination();
  }

  /**
   * Stops gracefully: no new calls; migrations that leave are cancelled, with their guests running
   * here; what is held for others is given up. QEMU guests run on.
   */
  @Override
  public void close() {
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);
    migrations.stop(STOP_PATIENCE);
    server.shutdownNow();
    timer.shutdownNow();
    holders.stop();
    calls.shutdownNow();
    // Those that take pages end by themselves: an interrupt would close the file they write to, and
    // a transfer that is cancelled has to be told.
    peers.close();
    guests.all().stream()
        .filter(SyntheticGuest.class::isInstance)
        .forEach(guest -> ((SyntheticGuest) guest).quit());
    journal.close();
    traceFile.ifPresent(TraceFile::close);
  }

  private Optional<TraceFile> traceFile(DcmdConfig config) throws DcmException {
    return config.trace().isPresent()
        ? Optional.of(TraceFile.open(config.trace().get(), peers.self().id(), Clock.systemUTC()))
        : Optional.empty();
  }

  private static Security security(DcmdConfig config) throws DcmException {
    if (config.tls().isEmpty()) {
      return new Security.PlaintextLoopback(config.identity().orElseThrow());
    }
    DcmdConfig.Tls tls = config.tls().get();
    TlsMaterial material = TlsMaterial.load(tls.ca(), tls.certificate(), tls.key());
    if (config.identity().isPresent() && !config.identity().get().equals(material.identity())) {
      throw new DcmException(
          Reason.IDENTITY_INVALID,
          "the configured identity is %s, but the certificate's is %s"
              .formatted(config.identity().get(), material.identity()));
    }
    return new Security.MutualTls(material);
  }

  private static Peers peers(DcmdConfig config, Security security) {
    List<Peers.Peer> others = new ArrayList<>();
    for (DcmdConfig.Peer peer : config.peers()) {
      others.add(new Peers.Peer(peer.name(), peer.endpoint(), peer.identity()));
    }
    return new Peers(
        new Peers.Peer(config.name(), config.listen(), security.identity()),
        others,
        peer -> Transport.channel(peer.endpoint(), security, peer.id()));
  }

  private static List<GuestAdapter> adapters(DcmdConfig config) {
    List<GuestAdapter> adapters = new ArrayList<>();
    adapters.add(new SyntheticAdapter());
    if (!config.qemuTemplates().isEmpty()) {
      List<QemuAdapterConfig.Template> templates = new ArrayList<>();
      for (DcmdConfig.QemuTemplate template : config.qemuTemplates()) {
        templates.add(new QemuAdapterConfig.Template(template.guest(), template.command()));
      }
      adapters.add(
          new QemuAdapter(new QemuAdapterConfig(templates, config.timeouts().guestSetUp())));
    }
    return adapters;
  }

  private static CompressionMode compression(DcmdConfig config) {
    return switch (config.compression()) {
      case OFF -> CompressionMode.OFF;
      case AUTO ->
          ZstdLibrary.load(config.stateDirectory()) ? CompressionMode.AUTO : CompressionMode.OFF;
    };
  }

  private static Set<String> capabilities(
      List<GuestAdapter> adapters, CompressionMode compression) {
    Set<String> capabilities = new HashSet<>();
    capabilities.add("contributor");
    capabilities.add("witness");
    adapters.forEach(adapter -> capabilities.add("guest." + adapter.kind()));
    if (compression == CompressionMode.AUTO) {
      capabilities.add(CompressionMode.CAPABILITY);
    }
    return capabilities;
  }

  /** Synthetic guests live in the peer's process: what a killed one left is of no use. */
  private static void removeDeadGuests(Path runDirectory) throws IOException {
    try (DirectoryStream<Path> dead = Files.newDirectoryStream(runDirectory, "guest-*")) {
      for (Path home : dead) {
        GuestHome.delete(home);
      }
    }
  }

  private void addGuests(DcmdConfig config) throws DcmException {
    for (DcmdConfig.SyntheticGuest guest : config.syntheticGuests()) {
      SyntheticSpec spec =
          new SyntheticSpec(
              guest.memoryBytes(),
              guest.writesPerSecond(),
              guest.hotSet() ? SyntheticSpec.Pattern.HOT : SyntheticSpec.Pattern.UNIFORM,
              guest.seed(),
              guest.zeroPercent(),
              guest.repeatedPercent());
      Path home = config.runDirectory().resolve("guest-" + guest.name() + "-" + UUID.randomUUID());
      guests.add(SyntheticGuest.create(guest.name(), spec, home));
    }
    Set<String> left = journal.guestsThatLeft();
    for (DcmdConfig.QemuGuest guest : config.qemuGuests()) {
      // One that came back here by a migration is known already, from its home.
      if (!guests.has(guest.name())) {
        addUnlessLeft(
            new QemuGuest(
                new QemuGuestConfig(
                    guest.name(), guest.qmp(), guest.memory(), config.timeouts().guestSetUp())),
            left);
      }
    }
  }

  /** What left by a migration must not stand in the way of its own return. */
  private void addUnlessLeft(QemuGuest guest, Set<String> left) throws DcmException {
    if (left.contains(guest.name()) && guest.info().state() == Guest.State.UNREACHABLE) {
      LOG.info("guest {} has left this peer, and is not adopted again", guest.name());
    } else {
      guests.add(guest);
    }
  }

  /**
   * Takes pages on threads of their own, so that the transport reads on meanwhile, and everything
   * else on virtual threads.
   */
  private final class PageExecutor implements ServerCallExecutorSupplier {
    private final String transfer = TransferCodec.method().getFullMethodName();

    @Override
    public <Q, A> Executor getExecutor(ServerCall<Q, A> call, Metadata metadata) {
      return call.getMethodDescriptor().getFullMethodName().equals(transfer) ? pages : calls;
    }
  }

  private Server serve(
      DcmdConfig config,
      Security security,
      Acceptors acceptors,
      Set<String> capabilities,
      CompressionMode compression)
      throws DcmException, IOException {
    Set<PeerId> others = new HashSet<>();
    config.peers().forEach(peer -> others.add(peer.identity()));
    Set<PeerId> operators = Set.copyOf(config.operators());
    Set<PeerId> everybody = new HashSet<>(others);
    everybody.addAll(operators);
    Admission forPeers = new Admission("a configured peer", others);
    Admission forOperators = new Admission("a configured operator", operators);
    Admission forAll = new Admission("a configured peer or operator", everybody);
    ServerServiceDefinition transfer =
        TransferReceiver.service(
            attempt -> holders.get(attempt).admit(attempt.epoch(), CallerIdentity.current()),
            calls,
            timer,
            compression);
    return Transport.server(config.listen(), security)
        .executor(calls)
        .callExecutor(new PageExecutor())
        .addService(ServerInterceptors.intercept(transfer, forPeers))
        .addService(
            ServerInterceptors.intercept(new DestinationEndpoint(holders, capabilities), forPeers))
        .addService(ServerInterceptors.intercept(new ContributorEndpoint(holders), forPeers))
        .addService(ServerInterceptors.intercept(new DecisionEndpoint(acceptors), forPeers))
        .addService(
            ServerInterceptors.intercept(
                new MigrationEndpoint(
                    migrations, holders, peers, egress, config.limits().egressBytesPerSecond()),
                forOperators))
        .addService(
            ServerInterceptors.intercept(
                new PeerEndpoint(
                    peers,
                    guests,
                    migrations,
                    holders,
                    egress,
                    capabilities,
                    config.runDirectory(),
                    operators),
                forAll))
        .addService(health.getHealthService())
        .build()
        .start();
  }
}
