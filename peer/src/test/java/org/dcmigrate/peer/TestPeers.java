package org.dcmigrate.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.SourceMigration;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Transport;

/** Several peers in this JVM that know one another, over plaintext loopback. */
public final class TestPeers implements AutoCloseable {
  /** Times short enough that a test of a loss does not take long. */
  public static final Timeouts TIMEOUTS =
      new Timeouts(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofSeconds(2),
          Duration.ofSeconds(3),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          Duration.ofSeconds(60));

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path directory;
  private final Map<String, DcmdConfig> configs = new LinkedHashMap<>();
  private final Map<String, Daemon> daemons = new HashMap<>();
  private final TransitionObserver observer;

  private TestPeers(Path directory, TransitionObserver observer) {
    this.directory = directory;
    this.observer = observer;
  }

  /** Starts peers of these names. */
  public static TestPeers start(Path directory, String... names) throws Exception {
    return start(directory, TransitionObserver.NONE, DcmdConfig.Limits.DEFAULT, List.of(), names);
  }

  /** Starts peers of these names that also receive QEMU guests and send no faster than a limit. */
  public static TestPeers start(
      Path directory,
      TransitionObserver observer,
      DcmdConfig.Limits limits,
      List<DcmdConfig.QemuTemplate> templates,
      String... names)
      throws Exception {
    return start(directory, observer, limits, templates, Set.of(), names);
  }

  /** Starts peers of these names, some of which neither compress nor take what is compressed. */
  static TestPeers start(
      Path directory,
      TransitionObserver observer,
      DcmdConfig.Limits limits,
      List<DcmdConfig.QemuTemplate> templates,
      Set<String> uncompressed,
      String... names)
      throws Exception {
    TestPeers peers = new TestPeers(directory, observer);
    Map<String, Integer> ports = FreePorts.each(List.of(names));
    for (String name : names) {
      CompressionMode mode =
          uncompressed.contains(name) ? CompressionMode.OFF : CompressionMode.AUTO;
      peers.configs.put(name, peers.config(name, ports, limits, templates, mode));
    }
    for (String name : names) {
      peers.restart(name);
    }
    return peers;
  }

  /** Who a peer of this name is. */
  public static PeerId id(String name) {
    return new PeerId("spiffe://test/peer/" + name);
  }

  /** A migration with an audit at its end. */
  static SourceMigration.Options audited(Duration downtime) {
    return new SourceMigration.Options(downtime, true, Optional.empty(), Share.NORMAL);
  }

  private DcmdConfig config(
      String name,
      Map<String, Integer> ports,
      DcmdConfig.Limits limits,
      List<DcmdConfig.QemuTemplate> templates,
      CompressionMode compression) {
    List<DcmdConfig.Peer> others = new ArrayList<>();
    ports.forEach(
        (other, port) -> {
          if (!other.equals(name)) {
            others.add(new DcmdConfig.Peer(other, "127.0.0.1:" + port, id(other)));
          }
        });
    return new DcmdConfig(
        name,
        Optional.of(id(name)),
        "127.0.0.1:" + ports.get(name),
        directory.resolve(name + "-state"),
        directory.resolve(name),
        Optional.empty(),
        PageDigest.Algorithm.CRC64,
        others,
        List.of(new PeerId("spiffe://test/operator/test")),
        limits,
        TIMEOUTS,
        List.of(),
        List.of(),
        templates,
        Optional.of(trace(name)),
        compression);
  }

  private Path trace(String name) {
    return directory.resolve(name + ".trace");
  }

  /** A running peer. */
  public Daemon peer(String name) {
    return Optional.ofNullable(daemons.get(name)).orElseThrow();
  }

  /** Whether a peer runs. */
  public boolean isUp(String name) {
    return daemons.containsKey(name);
  }

  /** The name of a peer. */
  public String name(PeerId id) {
    return configs.keySet().stream().filter(name -> id(name).equals(id)).findFirst().orElseThrow();
  }

  /** Where the guests of a peer live. */
  public Path runDirectory(String name) {
    return directory.resolve(name);
  }

  /** Starts a peer that is down. */
  public void restart(String name) throws DcmException {
    daemons.put(name, Daemon.start(Optional.ofNullable(configs.get(name)).orElseThrow(), observer));
  }

  /** Stops a peer. */
  public void stop(String name) {
    Optional.ofNullable(daemons.remove(name)).ifPresent(Daemon::close);
  }

  /** Stops a peer; where it was, connections are taken and nobody answers, until this is closed. */
  ServerSocket mute(String name) throws Exception {
    stop(name);
    String endpoint = Optional.ofNullable(configs.get(name)).orElseThrow().listen();
    int port = Transport.address(endpoint).getPort();
    return new ServerSocket(port, 0, InetAddress.getLoopbackAddress());
  }

  /** A migration at its source. */
  public MigrationView view(String source, MigrationId migration) throws DcmException {
    return peer(source).migrations().get(migration).view();
  }

  /** Waits until a migration is as told, and gives it as it is then. */
  public MigrationView await(String source, MigrationId migration, Predicate<MigrationView> what)
      throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    MigrationView view = view(source, migration);
    while (!what.test(view)) {
      if (System.nanoTime() > deadlineNs) {
        throw new TimeoutException("still " + view);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
      view = view(source, migration);
    }
    return view;
  }

  /** Waits until a migration has ended. */
  public MigrationView awaitEnd(String source, MigrationId migration) throws Exception {
    return await(source, migration, MigrationView::ended);
  }

  /** What is left in the directories of all peers. */
  public List<Path> leftovers() throws IOException {
    List<Path> left = new ArrayList<>();
    for (String name : configs.keySet()) {
      try (var files = Files.list(runDirectory(name))) {
        left.addAll(files.toList());
      }
    }
    return left;
  }

  @Override
  public void close() {
    List.copyOf(daemons.keySet()).forEach(this::stop);
    Traces.assertSound(configs.keySet().stream().map(this::trace).toList());
  }
}
