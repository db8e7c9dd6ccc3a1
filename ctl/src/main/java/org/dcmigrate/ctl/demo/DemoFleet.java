package org.dcmigrate.ctl.demo;

import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.dcmigrate.ctl.CertificateAuthority;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.v1.GetPeerRequest;

/**
 * The peers of a demonstration: freshly issued certificates, one configuration and one process
 * each, all in one directory that is deleted at the end, with everything that was started.
 */
final class DemoFleet implements AutoCloseable {
  private static final String TRUST_DOMAIN = "demo.dcm";
  private static final Duration VALIDITY = Duration.ofDays(1);
  private static final Duration START_PATIENCE = Duration.ofSeconds(30);

  private final Path directory;
  private final Map<String, DemoPeer> peers = new LinkedHashMap<>();
  private final List<Process> guests = new ArrayList<>();
  private boolean closed;

  DemoFleet() throws DemoException {
    try {
      Path shared = Path.of("/dev/shm");
      directory =
          Files.isWritable(shared)
              ? Files.createTempDirectory(shared, "dcm-demo-")
              : Files.createTempDirectory("dcm-demo-");
    } catch (IOException failed) {
      throw new DemoException("no directory for the demonstration can be made: " + failed, failed);
    }
  }

  /** Where everything of the demonstration lies. */
  Path directory() {
    return directory;
  }

  /** The peer of a name. */
  DemoPeer peer(String name) {
    DemoPeer peer = peers.get(name);
    if (peer == null) {
      throw new IllegalArgumentException("no peer " + name);
    }
    return peer;
  }

  /** All peers, the source first. */
  List<DemoPeer> all() {
    return List.copyOf(peers.values());
  }

  /** Notes a process that is to end with the demonstration. */
  void own(Process guest) {
    guests.add(guest);
  }

  /**
   * Starts the peers.
   *
   * @param guestYaml by peer, what stands in its configuration about guests
   */
  void start(List<String> names, long egressBytesPerSecond, Map<String, String> guestYaml)
      throws DemoException {
    try {
      CertificateAuthority authority = CertificateAuthority.create(TRUST_DOMAIN);
      for (String name : names) {
        authority.issue("peer", name, VALIDITY).write(directory);
      }
      authority.issue("operator", "demo", VALIDITY).write(directory);
      Map<String, Integer> ports = FreePorts.each(names);
      Security operator =
          new Security.MutualTls(
              TlsMaterial.load(
                  directory.resolve("ca.pem"),
                  directory.resolve("demo.pem"),
                  directory.resolve("demo.key")));
      for (String name : names) {
        startPeer(name, ports, egressBytesPerSecond, guestYaml.getOrDefault(name, ""), operator);
      }
      for (DemoPeer peer : peers.values()) {
        awaitUp(peer);
      }
    } catch (IOException | DcmException failed) {
      throw new DemoException("the peers cannot be started: " + failed.getMessage(), failed);
    }
  }

  private void startPeer(
      String name,
      Map<String, Integer> ports,
      long egressBytesPerSecond,
      String guestYaml,
      Security operator)
      throws IOException, DcmException {
    Path config = directory.resolve(name + ".yaml");
    Files.writeString(config, config(name, ports, egressBytesPerSecond) + guestYaml);
    Process process =
        new ProcessBuilder(dcmd().toString(), "--config", config.toString())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile())
            .start();
    int port = port(ports, name);
    peers.put(
        name,
        new DemoPeer(
            name,
            port,
            directory.resolve(name),
            process,
            Transport.channel("127.0.0.1:" + port, operator, identity("peer", name))));
  }

  private static PeerId identity(String role, String name) {
    return new PeerId("spiffe://" + TRUST_DOMAIN + "/" + role + "/" + name);
  }

  private static int port(Map<String, Integer> ports, String name) {
    return ports.getOrDefault(name, 0);
  }

  private String config(String name, Map<String, Integer> ports, long egressBytesPerSecond) {
    StringBuilder yaml = new StringBuilder();
    yaml.append("name: ").append(name).append('\n');
    yaml.append("listen: 127.0.0.1:").append(port(ports, name)).append('\n');
    yaml.append("stateDirectory: ").append(name).append("-state\n");
    yaml.append("runDirectory: ").append(name).append('\n');
    yaml.append("tls: {ca: ca.pem, certificate: ")
        .append(name)
        .append(".pem, key: ")
        .append(name)
        .append(".key}\n");
    yaml.append("operators: [").append(identity("operator", "demo")).append("]\n");
    yaml.append("limits: {egressBytesPerSecond: ").append(egressBytesPerSecond).append("}\n");
    yaml.append("peers:\n");
    ports.forEach(
        (other, port) -> {
          if (!other.equals(name)) {
            yaml.append("  - {name: ")
                .append(other)
                .append(", endpoint: \"127.0.0.1:")
                .append(port)
                .append("\", identity: \"")
                .append(identity("peer", other))
                .append("\"}\n");
          }
        });
    return yaml.toString();
  }

  private static Path dcmd() throws IOException {
    String home = System.getProperty("dcm.home");
    if (home == null) {
      throw new IOException("bin/dcmd is not found: start the demonstration by bin/dcmctl");
    }
    return Path.of(home, "bin", "dcmd");
  }

  private void awaitUp(DemoPeer peer) throws DemoException, IOException {
    long deadlineNs = System.nanoTime() + START_PATIENCE.toNanos();
    while (true) {
      try {
        peer.peers()
            .withDeadlineAfter(2, TimeUnit.SECONDS)
            .getPeer(GetPeerRequest.getDefaultInstance());
        return;
      } catch (StatusRuntimeException notYet) {
        if (!peer.process().isAlive() || System.nanoTime() > deadlineNs) {
          throw new DemoException(
              peer.name()
                  + " did not start:\n"
                  + Files.readString(directory.resolve(peer.name() + ".log")),
              notYet);
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        peer.channel().resetConnectBackoff();
      }
    }
  }

  /** Ends every process that was started and deletes the directory. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    peers.values().forEach(peer -> peer.channel().shutdownNow());
    peers.values().forEach(peer -> peer.process().destroy());
    peers.values().forEach(peer -> end(peer.process()));
    guests.forEach(Process::destroyForcibly);
    guests.forEach(DemoFleet::end);
    received().forEach(ProcessHandle::destroyForcibly);
    received()
        .forEach(handle -> handle.onExit().completeOnTimeout(handle, 5, TimeUnit.SECONDS).join());
    delete();
  }

  private static void end(Process process) {
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        process.waitFor(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * QEMU processes that peers started for guests that arrived: their command names our directory.
   */
  private List<ProcessHandle> received() {
    return ProcessHandle.allProcesses()
        .filter(handle -> commandLine(handle.pid()).contains(directory.toString() + "/"))
        .filter(handle -> handle.pid() != ProcessHandle.current().pid())
        .toList();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(
              Path.of("/proc", String.valueOf(pid), "cmdline"),
              java.nio.charset.StandardCharsets.ISO_8859_1)
          .replace('\0', ' ');
    } catch (IOException ended) {
      return "";
    }
  }

  private void delete() {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException failed) {
      System.err.println("dcmctl: " + directory + " cannot be deleted: " + failed);
    }
  }
}
