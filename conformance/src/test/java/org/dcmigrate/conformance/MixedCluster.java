package org.dcmigrate.conformance;

import com.google.gson.Gson;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dcmigrate.peer.Daemon;
import org.dcmigrate.peer.config.ConfigFile;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;

/** Reference peers and Node peers that know one another, and an operator of all of them. */
final class MixedCluster implements AutoCloseable {
  /** The peers: two of the reference implementation, in this process, and two Node peers. */
  enum Host {
    REFERENCE_A,
    REFERENCE_B,
    NODE_A,
    NODE_B;

    /** Its name in configurations. */
    String peerName() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private String identity() {
      return "spiffe://test/peer/" + peerName();
    }

    private boolean isNode() {
      return this == NODE_A || this == NODE_B;
    }
  }

  private static final String OPERATOR = "spiffe://test/operator/alice";

  private final List<Runnable> closers = new ArrayList<>();
  private final Map<Host, ManagedChannel> channels = new EnumMap<>(Host.class);
  private final Map<Host, Integer> ports = new EnumMap<>(Host.class);
  private final Path directory;
  private final boolean tls;

  private MixedCluster(Path directory, boolean tls) {
    this.directory = directory;
    this.tls = tls;
  }

  static MixedCluster start(Path directory, boolean tls) throws Exception {
    MixedCluster cluster = new MixedCluster(directory, tls);
    try {
      cluster.startAll();
      return cluster;
    } catch (Exception failure) {
      cluster.close();
      throw failure;
    }
  }

  private void startAll() throws Exception {
    if (tls) {
      issueCertificates();
    }
    Map<String, Integer> free = FreePorts.each(Stream.of(Host.values()).map(Host::name).toList());
    for (Host host : Host.values()) {
      ports.put(host, free.getOrDefault(host.name(), 0));
    }
    Security operator =
        tls
            ? new Security.MutualTls(
                TlsMaterial.load(pem("ca.pem"), pem("alice.pem"), pem("alice.key")))
            : new Security.PlaintextLoopback(new PeerId(OPERATOR));
    for (Host host : Host.values()) {
      Path config = directory.resolve(host.peerName() + ".json");
      Files.writeString(config, new Gson().toJson(config(host)));
      closers.add(host.isNode() ? NodePeer.start(config)::close : daemon(config)::close);
      channels.put(
          host,
          Transport.channel("127.0.0.1:" + ports.get(host), operator, new PeerId(host.identity())));
    }
  }

  private static Daemon daemon(Path config) throws Exception {
    return Daemon.start(ConfigFile.read(config));
  }

  /** A channel of the operator. */
  ManagedChannel operatorOf(Host host) {
    return channels.get(host);
  }

  /** JSON, which is YAML, too. */
  private Map<String, Object> config(Host host) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("name", host.peerName());
    config.put("identity", host.identity());
    config.put("listen", "127.0.0.1:" + ports.get(host));
    config.put("stateDirectory", host.peerName() + "-state");
    if (!host.isNode()) {
      config.put("runDirectory", host.peerName() + "-run");
    }
    if (tls) {
      config.put(
          "tls",
          Map.of(
              "ca", pem("ca.pem").toString(),
              "certificate", pem(host.peerName() + ".pem").toString(),
              "key", pem(host.peerName() + ".key").toString()));
    } else {
      config.put("plaintextOnLoopback", true);
    }
    config.put("operators", List.of(OPERATOR));
    config.put(
        "peers",
        Arrays.stream(Host.values())
            .filter(other -> other != host)
            .map(
                other ->
                    Map.of(
                        "name", other.peerName(),
                        "endpoint", "127.0.0.1:" + ports.get(other),
                        "identity", other.identity()))
            .toList());
    return config;
  }

  private Path pem(String file) {
    return directory.resolve("pki").resolve(file);
  }

  private void issueCertificates() throws Exception {
    String pki = directory.resolve("pki").toString();
    dcmctl("cert", "init", "--dir", pki, "--trust-domain", "test");
    for (Host host : Host.values()) {
      dcmctl("cert", "issue", "--dir", pki, "--role", "peer", host.peerName());
    }
    dcmctl("cert", "issue", "--dir", pki, "--role", "operator", "alice");
  }

  private static void dcmctl(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("org.dcmigrate.ctl.Main");
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException("dcmctl failed: " + List.of(arguments));
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    closers.forEach(Runnable::run);
  }
}
