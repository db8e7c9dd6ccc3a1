package org.dcmigrate.peer;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationOptions;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.RedirectRequest;

/** Daemons in processes of their own, which can be killed; driven as an operator would. */
final class ProcessPeers implements AutoCloseable {
  private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);
  private static final PeerId OPERATOR = new PeerId("spiffe://test/operator/test");

  private final Path directory;
  private final String silence;
  private final Map<String, Integer> ports;
  private final Map<String, Process> processes = new HashMap<>();
  private final Map<String, ManagedChannel> channels = new HashMap<>();

  /**
   * Starts daemons.
   *
   * @param extraYaml by name, what is added to a configuration
   */
  ProcessPeers(Path directory, Map<String, String> extraYaml, String... names) throws Exception {
    this(directory, extraYaml, Map.of(), Links.DIRECT, names);
  }

  /** Starts daemons that bear with a silent destination, and a silent source, for so long. */
  static ProcessPeers patient(
      Path directory, Map<String, String> extraYaml, String silence, String... names)
      throws Exception {
    return new ProcessPeers(directory, extraYaml, Map.of(), Links.DIRECT, silence, names);
  }

  /**
   * Starts daemons, some of which are in for trouble.
   *
   * @param trouble by name, what befalls the daemon's first life
   * @param links how a daemon reaches another one
   */
  ProcessPeers(
      Path directory,
      Map<String, String> extraYaml,
      Map<String, Trouble> trouble,
      Links links,
      String... names)
      throws Exception {
    this(directory, extraYaml, trouble, links, "3s", names);
  }

  private ProcessPeers(
      Path directory,
      Map<String, String> extraYaml,
      Map<String, Trouble> trouble,
      Links links,
      String silence,
      String... names)
      throws Exception {
    this.directory = directory;
    this.silence = silence;
    ports = FreePorts.each(List.of(names));
    for (String name : names) {
      Files.writeString(
          directory.resolve(name + ".yaml"), yaml(name, links) + extraYaml.getOrDefault(name, ""));
    }
    for (String name : names) {
      start(name, Optional.ofNullable(trouble.get(name)));
    }
    for (String name : names) {
      awaitUp(name);
    }
  }

  private String yaml(String name, Links links) throws IOException {
    StringBuilder yaml = new StringBuilder();
    yaml.append(
        """
        name: %s
        identity: spiffe://test/peer/%s
        listen: 127.0.0.1:%d
        plaintextOnLoopback: true
        stateDirectory: %s-state
        runDirectory: %s
        trace: %s.trace
        operators: [%s]
        limits: {egressBytesPerSecond: 16MiB}
        timeouts: {lease: %s, contributorSilence: 2s, destinationSilence: %s}
        peers:
        """
            .formatted(name, name, port(name), name, name, name, OPERATOR, silence, silence));
    for (String other : ports.keySet()) {
      if (!other.equals(name)) {
        yaml.append(
            "  - {name: %s, endpoint: \"127.0.0.1:%d\", identity: \"spiffe://test/peer/%s\"}\n"
                .formatted(other, links.port(name, other, port(other)), other));
      }
    }
    return yaml.toString();
  }

  private int port(String name) {
    return ports.getOrDefault(name, 0);
  }

  /** Starts a daemon, or starts it again. */
  void start(String name) throws Exception {
    start(name, Optional.empty());
  }

  private void start(String name, Optional<Trouble> trouble) throws Exception {
    Files.createDirectories(temporaryDirectory(name));
    Class<?> main = trouble.isPresent() ? TroubledPeer.class : Main.class;
    String what = trouble.map(Trouble::toString).orElse("");
    processes.put(
        name,
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-Djava.io.tmpdir=" + temporaryDirectory(name),
                "-D" + TroubledPeer.TROUBLE + "=" + what,
                "-D" + TroubledPeer.SIGN + "=" + sign(name),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                "--config",
                directory.resolve(name + ".yaml").toString())
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve(name + ".log").toFile()))
            .start());
    if (!channels.containsKey(name)) {
      channels.put(
          name,
          Transport.channel(
              "127.0.0.1:" + port(name),
              new Security.PlaintextLoopback(OPERATOR),
              TestPeers.id(name)));
    }
  }

  /** Waits until a daemon serves. */
  void awaitUp(String name) throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (true) {
      try {
        PeerServiceGrpc.newBlockingStub(channel(name))
            .withDeadlineAfter(2, TimeUnit.SECONDS)
            .getPeer(GetPeerRequest.getDefaultInstance());
        return;
      } catch (StatusRuntimeException notYet) {
        if (System.nanoTime() > deadlineNs || !process(name).isAlive()) {
          throw new IOException(log(name), notYet);
        }
        channel(name).resetConnectBackoff();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  /** Kills a daemon as kill -9 does. */
  void kill(String name) {
    Process process = process(name).destroyForcibly();
    process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
  }

  /** The file that a daemon makes when its trouble has come. */
  Path sign(String name) {
    return directory.resolve(name + ".trouble");
  }

  boolean isAlive(String name) {
    return process(name).isAlive();
  }

  /** Stops a daemon as it is: it keeps its connections, and says nothing. */
  void freeze(String name) throws Exception {
    new ProcessBuilder("kill", "-STOP", String.valueOf(process(name).pid())).start().waitFor();
  }

  /** Lets a stopped daemon go on. */
  void resume(String name) throws Exception {
    new ProcessBuilder("kill", "-CONT", String.valueOf(process(name).pid())).start().waitFor();
  }

  String log(String name) throws IOException {
    return Files.readString(directory.resolve(name + ".log"));
  }

  Path runDirectory(String name) {
    return directory.resolve(name);
  }

  /** What a daemon takes for the directory for temporary files. */
  Path temporaryDirectory(String name) {
    return directory.resolve(name + "-tmp");
  }

  MigrationServiceBlockingStub migrations(String name) {
    return MigrationServiceGrpc.newBlockingStub(channel(name))
        .withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  List<Guest> guests(String name) {
    return PeerServiceGrpc.newBlockingStub(channel(name))
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .listGuests(ListGuestsRequest.getDefaultInstance())
        .getGuestsList();
  }

  String migrate(String from, String to) {
    return migrate(from, to, "");
  }

  String migrate(String from, String to, String witness) {
    return migrations(from)
        .migrate(
            MigrateRequest.newBuilder()
                .setGuest("vm")
                .setDestination(to)
                .setOptions(MigrationOptions.newBuilder().setAudit(true).setWitness(witness))
                .build())
        .getMigration()
        .getMigrationId();
  }

  void redirect(String from, String migration, String to) {
    migrations(from)
        .redirect(
            RedirectRequest.newBuilder().setMigrationId(migration).setDestination(to).build());
  }

  Migration await(String source, String migration, Predicate<Migration> what) throws Exception {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (true) {
      Migration now =
          migrations(source)
              .getMigration(GetMigrationRequest.newBuilder().setMigrationId(migration).build())
              .getMigration();
      if (what.test(now)) {
        return now;
      }
      if (System.nanoTime() > deadlineNs) {
        throw new TimeoutException("still " + now);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  private Process process(String name) {
    Process process = processes.get(name);
    if (process == null) {
      throw new IllegalArgumentException(name);
    }
    return process;
  }

  private ManagedChannel channel(String name) {
    ManagedChannel channel = channels.get(name);
    if (channel == null) {
      throw new IllegalArgumentException(name);
    }
    return channel;
  }

  /** Ends the daemons, and the QEMU processes that they started. */
  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    for (String name : ports.keySet()) {
      kill(name);
    }
    for (ProcessHandle qemu : startedHere()) {
      qemu.destroyForcibly();
      qemu.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }
    Traces.assertSound(
        ports.keySet().stream().map(name -> directory.resolve(name + ".trace")).toList());
  }

  /** QEMU processes whose command names our directory. */
  List<ProcessHandle> startedHere() {
    return ProcessHandle.allProcesses()
        .filter(handle -> command(handle).contains("-incoming"))
        .filter(handle -> command(handle).contains(directory + "/"))
        .toList();
  }

  private static String command(ProcessHandle handle) {
    try {
      return Files.readString(
          Path.of("/proc", String.valueOf(handle.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException ended) {
      return "";
    }
  }
}
