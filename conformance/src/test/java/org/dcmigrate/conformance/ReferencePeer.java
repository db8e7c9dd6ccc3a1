package org.dcmigrate.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.Declared;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.peer.Daemon;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;

/** The reference daemon in this process, with the tester among its peers and operators. */
final class ReferencePeer implements AutoCloseable {
  /** Who the tester is. */
  static final PeerId TESTER = new PeerId("spiffe://test/peer/tester");

  /** Who the reference is. */
  static final PeerId REFERENCE = new PeerId("spiffe://test/peer/reference");

  /** Who else the tester may be. */
  static final PeerId SECOND = new PeerId("spiffe://test/peer/tester-2");

  private static final PeerId WITNESS = new PeerId("spiffe://test/peer/tester-witness");

  // Shorter than by default, so that losses are found out within the time of a case.
  private static final Timeouts TIMEOUTS =
      new Timeouts(
          Duration.ofSeconds(10),
          Duration.ofSeconds(5),
          Duration.ofSeconds(3),
          Duration.ofSeconds(4),
          Duration.ofMinutes(1),
          Duration.ofSeconds(15),
          Duration.ofSeconds(5),
          Duration.ofSeconds(60));
  private static final Duration SILENCE = Duration.ofSeconds(6);

  private final Daemon daemon;
  private final List<DcmdConfig.Peer> testers;

  private ReferencePeer(Daemon daemon, List<DcmdConfig.Peer> testers) {
    this.daemon = daemon;
    this.testers = List.copyOf(testers);
  }

  static ReferencePeer start(Path directory) throws DcmException, IOException {
    return start(directory, CompressionMode.AUTO);
  }

  static ReferencePeer start(Path directory, CompressionMode compression)
      throws DcmException, IOException {
    Map<String, Integer> ports =
        FreePorts.each(List.of("reference", "tester", "tester-2", "tester-witness"));
    List<DcmdConfig.Peer> testers =
        List.of(
            new DcmdConfig.Peer("tester", endpoint(ports, "tester"), TESTER),
            new DcmdConfig.Peer("tester-2", endpoint(ports, "tester-2"), SECOND),
            new DcmdConfig.Peer("tester-witness", endpoint(ports, "tester-witness"), WITNESS));
    return new ReferencePeer(
        Daemon.start(
            new DcmdConfig(
                "reference",
                Optional.of(REFERENCE),
                endpoint(ports, "reference"),
                directory.resolve("state"),
                directory.resolve("run"),
                Optional.empty(),
                PageDigest.Algorithm.CRC64,
                testers,
                List.of(TESTER),
                DcmdConfig.Limits.DEFAULT,
                TIMEOUTS,
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                compression)),
        testers);
  }

  /** Where it listens. */
  String endpoint() {
    return "127.0.0.1:" + daemon.port();
  }

  /** Where it reaches the tester. */
  String tester() {
    return testers.getFirst().endpoint();
  }

  /** All that the tester plays to it. */
  Cast cast() {
    List<Persona> personas =
        testers.stream()
            .map(each -> persona(each.name(), each.identity(), each.endpoint()))
            .toList();
    return new Cast(
        endpoint(),
        REFERENCE,
        personas.get(0),
        Optional.of(personas.get(1)),
        Optional.of(personas.get(2)),
        Optional.of(personas.get(0).security()),
        Optional.empty(),
        Optional.empty(),
        SILENCE,
        Declared.of(
            List.of("contributor", "witness", "guest.synthetic", "compression.zstd"), true));
  }

  private static String endpoint(Map<String, Integer> ports, String name) {
    return "127.0.0.1:" + ports.getOrDefault(name, 0);
  }

  /** The tester as two peers of a target without TLS, and as no operator. */
  static Cast pair(String endpoint, String listen, String secondListen) {
    return new Cast(
        endpoint,
        REFERENCE,
        persona("tester", TESTER, listen),
        Optional.of(persona("tester-2", SECOND, secondListen)),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        SILENCE);
  }

  private static Persona persona(String name, PeerId identity, String listen) {
    return new Persona(name, new Security.PlaintextLoopback(identity), Optional.of(listen));
  }

  /** The daemon. */
  Daemon daemon() {
    return daemon;
  }

  @Override
  public void close() {
    daemon.close();
  }
}
