package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.dcmigrate.conformance.mutants.FaultyPeer;
import org.dcmigrate.conformance.mutants.FaultyPeer.Backend;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.Authority.Leaf;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.peer.Daemon;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cases about certificates, over TLS: a right peer passes, one that looks at nothing fails. */
class SecurityTest {
  private static final PeerId REFERENCE = new PeerId("spiffe://test/peer/reference");

  @TempDir private Path directory;
  private Authority authority;
  private Path ca;
  private Security tester;

  @BeforeEach
  void issue() throws Exception {
    authority = Authority.unknown();
    ca = write("ca.pem", authority.certificate());
    tester = material("tester", ReferencePeer.TESTER);
  }

  @Test
  void theReferencePasses() throws Exception {
    Map<String, Integer> ports = FreePorts.each(List.of("tester", "second"));
    try (Daemon daemon =
        reference(
            peer("tester", ports, ReferencePeer.TESTER),
            peer("second", ports, ReferencePeer.SECOND))) {
      List<CaseResult> results =
          run(
              "127.0.0.1:" + daemon.port(),
              listen(ports, "tester"),
              listen(ports, "second"),
              "certificate/**",
              "admission/**",
              "relay/contributor/pages",
              "relay/contributor/impostor",
              "commit/destination/running");
      assertThat(results)
          .filteredOn(
              result ->
                  result.verdict() != Verdict.PASS
                      // Over TLS there is no other name than the certificate's.
                      && !result.of().name().matches("admission/any/(nameless|misnamed)"))
          .extracting(Report::text)
          .isEmpty();
      assertThat(results).hasSizeGreaterThan(25);
    }
  }

  /** As a source, it tells who listens by the certificate alone. */
  @Test
  void theReferenceIsNotRedirectedToAnImpostor() throws Exception {
    CaseResult result = redirectedTo(new PeerId("spiffe://test/peer/tester-witness"));

    assertThat(result.verdict()).as(Report.text(result)).isEqualTo(Verdict.PASS);
  }

  /** The impostor has a certificate of whom it stands for, so that the case can fail. */
  @Test
  void aSourceThatTakesAnImpostorFails() throws Exception {
    CaseResult result = redirectedTo(ReferencePeer.SECOND);

    assertThat(result.verdict()).as(Report.text(result)).isEqualTo(Verdict.FAIL);
    assertThat(result.explanation()).startsWith("Redirect");
  }

  /** What becomes of a redirect to the second peer in whose place this one listens. */
  private CaseResult redirectedTo(PeerId third) throws Exception {
    Map<String, Integer> ports = FreePorts.each(List.of("tester", "second", "third"));
    try (Daemon daemon =
        reference(
            peer("tester", ports, ReferencePeer.TESTER),
            peer("second", ports, ReferencePeer.SECOND),
            peer("third", ports, third))) {
      Cast cast =
          new Cast(
              "127.0.0.1:" + daemon.port(),
              REFERENCE,
              new Persona("tester", tester, listen(ports, "tester")),
              Optional.of(
                  new Persona(
                      "second", authority.security(ReferencePeer.SECOND), listen(ports, "second"))),
              Optional.of(new Persona("third", authority.security(third), listen(ports, "third"))),
              Optional.of(tester),
              Optional.of(authority),
              Optional.empty(),
              Cast.SILENCE);
      List<CaseResult> results =
          Tester.run(
              cast, Duration.ofSeconds(10), Tester.ofSource("redirect/source/wrong-identity"));
      assertThat(results).hasSize(1);
      return results.getFirst();
    }
  }

  private static Optional<String> listen(Map<String, Integer> ports, String name) {
    return Optional.of("127.0.0.1:" + ports.getOrDefault(name, 0));
  }

  private static DcmdConfig.Peer peer(String name, Map<String, Integer> ports, PeerId identity) {
    return new DcmdConfig.Peer(name, listen(ports, name).orElseThrow(), identity);
  }

  /** Each certificate does reach a peer that takes any, so that each case can fail. */
  @Test
  void aPeerThatTakesAnyCertificateFails() throws Exception {
    try (ReferencePeer behind = ReferencePeer.start(directory);
        FaultyPeer front =
            FaultyPeer.inFrontOf(
                new Backend(
                    behind.endpoint(),
                    new Security.PlaintextLoopback(ReferencePeer.TESTER),
                    ReferencePeer.TESTER),
                new TakesAny(authority.leaf(REFERENCE.uri()).issue()))) {
      List<CaseResult> results =
          run(front.endpoint(), Optional.empty(), Optional.empty(), "certificate/**");

      assertThat(results)
          .filteredOn(result -> !result.of().name().equals("certificate/any/plaintext"))
          .hasSizeGreaterThan(20)
          .filteredOn(result -> result.verdict() != Verdict.FAIL)
          .extracting(Report::text)
          .isEmpty();
    }
  }

  /** Without the authority's key nothing is said. */
  @Test
  void withoutTlsNothingIsSaid() throws Exception {
    try (ReferencePeer peer = ReferencePeer.start(directory)) {
      assertThat(Tester.run(peer, "certificate/**"))
          .hasSizeGreaterThan(20)
          .allMatch(result -> result.verdict() == Verdict.NOT_APPLICABLE)
          .allMatch(result -> result.explanation().contains("--ca-key"));
    }
  }

  private record TakesAny(Leaf own) implements Fault {
    @Override
    public NettyServerBuilder listens(Security front) {
      try {
        return NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .sslContext(
                GrpcSslContexts.configure(
                        SslContextBuilder.forServer(own.key(), own.certificate()), SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .clientAuth(ClientAuth.OPTIONAL)
                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .build());
      } catch (SSLException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }

  private List<CaseResult> run(
      String endpoint, Optional<String> listen, Optional<String> second, String... globs)
      throws Exception {
    Cast cast =
        new Cast(
            endpoint,
            REFERENCE,
            new Persona("tester", tester, listen),
            Optional.of(new Persona("second", authority.security(ReferencePeer.SECOND), second)),
            Optional.empty(),
            Optional.empty(),
            Optional.of(authority),
            Optional.empty(),
            Cast.SILENCE);
    return Tester.run(cast, Duration.ofSeconds(10), Tester.asSource(globs));
  }

  private Daemon reference(DcmdConfig.Peer... peers) throws Exception {
    material("reference", REFERENCE);
    return Daemon.start(
        new DcmdConfig(
            "reference",
            Optional.empty(),
            "127.0.0.1:" + FreePorts.one(),
            directory.resolve("state"),
            directory.resolve("run"),
            Optional.of(
                new DcmdConfig.Tls(
                    ca, directory.resolve("reference.pem"), directory.resolve("reference.key"))),
            PageDigest.Algorithm.CRC64,
            List.of(peers),
            List.of(ReferencePeer.TESTER),
            DcmdConfig.Limits.DEFAULT,
            Timeouts.DEFAULT,
            List.of(),
            List.of(),
            List.of(),
            Optional.empty(),
            CompressionMode.AUTO));
  }

  private Security material(String name, PeerId identity) throws Exception {
    Leaf leaf = authority.leaf(identity.uri()).issue();
    return new Security.MutualTls(
        TlsMaterial.load(
            ca, write(name + ".pem", leaf.certificate()), write(name + ".key", leaf.key())));
  }

  private Path write(String name, X509Certificate certificate) throws Exception {
    return write(name, "CERTIFICATE", certificate.getEncoded());
  }

  private Path write(String name, PrivateKey key) throws Exception {
    return write(name, "PRIVATE KEY", key.getEncoded());
  }

  private Path write(String name, String kind, byte[] der) throws Exception {
    return Files.writeString(
        directory.resolve(name),
        "-----BEGIN %s-----%n%s%n-----END %s-----%n"
            .formatted(kind, Base64.getMimeEncoder().encodeToString(der), kind));
  }
}
