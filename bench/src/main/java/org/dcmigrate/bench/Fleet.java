package org.dcmigrate.bench;

import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.ctl.CertificateAuthority;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.v1.GetPeerRequest;

/** Daemons that know one another, each a process of its own; they end with the workspace. */
final class Fleet {
  private static final String TRUST_DOMAIN = "bench.dcm";
  private static final String OPERATOR = "bench";
  private static final Duration VALIDITY = Duration.ofDays(2);
  private static final Duration START_PATIENCE = Duration.ofSeconds(60);

  private final Map<String, Peer> peers = new LinkedHashMap<>();

  private Fleet() {}

  /** How connections between peers are secured. */
  enum Protection {
    /** Mutual TLS with certificates made for this run. */
    TLS,
    /** Nothing; on loopback only. */
    PLAINTEXT
  }

  /**
   * Starts daemons.
   *
   * @param name of the fleet, one of its own in the workspace
   * @param extraYaml by host, what is added to its configuration
   */
  static Fleet start(
      Workspace workspace,
      Network network,
      String name,
      List<String> hosts,
      Protection protection,
      Map<String, String> extraYaml)
      throws BenchException {
    Fleet fleet = new Fleet();
    try {
      Path directory = Files.createDirectory(workspace.directory().resolve(name));
      Security operator = security(directory, hosts, protection);
      for (String host : hosts) {
        Path config = directory.resolve(host + ".yaml");
        Files.writeString(
            config, yaml(network, host, hosts, protection) + extraYaml.getOrDefault(host, ""));
        Process process =
            workspace.start(
                name + "-" + host,
                network.on(host, List.of(dcmd().toString(), "--config", config.toString())));
        Peer peer =
            new Peer(
                host,
                process,
                directory.resolve(host),
                Transport.channel(network.control(host), operator, identity("peer", host)));
        workspace.atEnd(() -> peer.channel().shutdownNow());
        fleet.peers.put(host, peer);
      }
      for (Peer peer : fleet.peers.values()) {
        Await.until(
            peer.name() + " serves",
            START_PATIENCE,
            () -> isUp(peer, workspace, name + "-" + peer.name()));
      }
      return fleet;
    } catch (IOException | DcmException failed) {
      throw new BenchException("the peers cannot be started: " + failed.getMessage(), failed);
    }
  }

  /** A running peer. */
  Peer peer(String host) {
    return Optional.ofNullable(peers.get(host)).orElseThrow();
  }

  private static Security security(Path directory, List<String> hosts, Protection protection)
      throws IOException, DcmException {
    if (protection == Protection.PLAINTEXT) {
      return new Security.PlaintextLoopback(identity("operator", OPERATOR));
    }
    CertificateAuthority authority = CertificateAuthority.create(TRUST_DOMAIN);
    for (String host : hosts) {
      authority.issue("peer", host, VALIDITY).write(directory);
    }
    authority.issue("operator", OPERATOR, VALIDITY).write(directory);
    return new Security.MutualTls(
        TlsMaterial.load(
            directory.resolve("ca.pem"),
            directory.resolve(OPERATOR + ".pem"),
            directory.resolve(OPERATOR + ".key")));
  }

  private static PeerId identity(String role, String name) {
    return new PeerId("spiffe://" + TRUST_DOMAIN + "/" + role + "/" + name);
  }

  private static String yaml(
      Network network, String host, List<String> hosts, Protection protection) {
    StringBuilder yaml = new StringBuilder();
    yaml.append(
        """
        name: %1$s
        identity: "%2$s"
        listen: "%3$s"
        stateDirectory: %1$s-state
        runDirectory: %1$s
        operators: ["%4$s"]
        limits: {migrations: 64}
        """
            .formatted(
                host,
                identity("peer", host),
                network.listen(host),
                identity("operator", OPERATOR)));
    yaml.append(
        switch (protection) {
          case TLS -> "tls: {ca: ca.pem, certificate: %1$s.pem, key: %1$s.key}\n".formatted(host);
          case PLAINTEXT -> "plaintextOnLoopback: true\n";
        });
    yaml.append("peers:\n");
    for (String other : hosts) {
      if (!other.equals(host)) {
        yaml.append(
            "  - {name: %s, endpoint: \"%s\", identity: \"%s\"}\n"
                .formatted(other, network.endpoint(other), identity("peer", other)));
      }
    }
    return yaml.toString();
  }

  private static Path dcmd() throws BenchException {
    return Path.of(
            Optional.ofNullable(System.getProperty("dcm.home"))
                .orElseThrow(() -> new BenchException("bin/dcmd is not found: use bench/run")))
        .resolve("bin/dcmd");
  }

  private static boolean isUp(Peer peer, Workspace workspace, String log) throws BenchException {
    if (!peer.process().isAlive()) {
      throw new BenchException(peer.name() + " did not start:\n" + workspace.printed(log));
    }
    try {
      var _ =
          peer.peers()
              .withDeadlineAfter(2, TimeUnit.SECONDS)
              .getPeer(GetPeerRequest.getDefaultInstance());
      return true;
    } catch (StatusRuntimeException notYet) {
      peer.channel().resetConnectBackoff();
      return false;
    }
  }
}
