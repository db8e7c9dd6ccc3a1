package org.dcmigrate.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.dcmigrate.ctl.TestAuthority.Leaf;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.CallerIdentity;
import org.dcmigrate.protocol.transport.Certificates;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every certificate that must not get through, from either side, over real sockets. */
class CertificateMatrixTest {
  private static final String SERVER = "spiffe://dcm.example/peer/host-b";
  private static final String CLIENT = "spiffe://dcm.example/peer/host-a";

  @TempDir Path directory;
  private TestAuthority authority;
  private Server server;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<Server> servers = new ArrayList<>();

  @BeforeEach
  void startServer() throws Exception {
    authority = TestAuthority.root("test ca");
    server = started(Transport.server("127.0.0.1:0", tls(authority.leaf(SERVER).issue())));
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    servers.forEach(Server::shutdownNow);
  }

  @Test
  void goodCertificatesGetThroughAndTheServerKnowsWhoCalls() throws Exception {
    ManagedChannel channel = channel(server, tls(authority.leaf(CLIENT).issue()), SERVER);

    assertThat(whoAmI(channel)).isEqualTo(CLIENT);
  }

  @Test
  void anIntermediateMayStandBetween() throws Exception {
    TestAuthority between = authority.intermediate("between", Duration.ofDays(5));
    Leaf leaf = between.leaf(CLIENT).between(between.certificate()).issue();

    assertThat(whoAmI(channel(server, tls(leaf), SERVER))).isEqualTo(CLIENT);
  }

  /** The chain does not end at the CA: no call gets as far as a service or an interceptor. */
  @TestFactory
  List<DynamicTest> chainsRefusedInTheHandshake() throws Exception {
    TestAuthority other = TestAuthority.root("test ca");
    TestAuthority late = authority.intermediate("late", Duration.ofDays(1));
    TestAuthority between = authority.intermediate("between", Duration.ofDays(5));
    Leaf good = authority.leaf(CLIENT).issue();
    Map<String, Leaf> leaves = new TreeMap<>();
    leaves.put("self-signed", authority.leaf(CLIENT).selfSigned().issue());
    leaves.put("wrong CA of the same name", other.leaf(CLIENT).issue());
    leaves.put("expired", authority.leaf(CLIENT).valid(daysAgo(9), Duration.ofDays(8)).issue());
    leaves.put(
        "not yet valid", authority.leaf(CLIENT).valid(daysAgo(-1), Duration.ofDays(2)).issue());
    leaves.put("missing intermediate", between.leaf(CLIENT).issue());
    leaves.put("expired intermediate", late.leaf(CLIENT).between(late.certificate()).issue());
    leaves.put(
        "no clientAuth", authority.leaf(CLIENT).purposes(KeyPurposeId.id_kp_serverAuth).issue());
    TestAuthority weak = authority.intermediate("weak", Duration.ofDays(5), "SHA1withECDSA");
    leaves.put("SHA-1 intermediate", weak.leaf(CLIENT).between(weak.certificate()).issue());
    leaves.put(
        "a leaf under a leaf",
        authority.under(good).leaf(CLIENT).between(good.certificate()).issue());
    leaves.put(
        "a chain of 100",
        new Leaf(good.key(), Collections.nCopies(100, other.leaf(CLIENT).issue().certificate())));
    return tests(
        leaves,
        (name, leaf) -> {
          DcmException refused = refused(hostile(server, Optional.of(leaf), "TLSv1.3"));
          assertThat(refused.reason()).isEqualTo(Reason.PEER_UNREACHABLE);
        });
  }

  /** The chain is good, but the leaf carries no usable identity: the caller is told why. */
  @TestFactory
  List<DynamicTest> leavesRefusedWithAReason() throws Exception {
    Map<String, Leaf> leaves = new TreeMap<>();
    leaves.put("is a CA's", authority.leaf(CLIENT).authority().issue());
    leaves.put(
        "only clientAuth", authority.leaf(CLIENT).purposes(KeyPurposeId.id_kp_clientAuth).issue());
    leaves.put("include serverAuth and clientAuth", authority.leaf(CLIENT).purposes().issue());
    leaves.put("exactly one URI SAN, but has 0", authority.leaf(CLIENT).onlyDns("a.b").issue());
    leaves.put("exactly one URI SAN, but has 2", authority.leaf(CLIENT).uri(SERVER).issue());
    leaves.put(
        "but is https://dcm.example", authority.leaf("https://dcm.example/peer/host-a").issue());
    leaves.put("but is spiffe://dcm.example", authority.leaf("spiffe://dcm.example").issue());
    leaves.put("signature is weak", authority.leaf(CLIENT).signature("SHA1withECDSA").issue());
    leaves.put("key is weak", authority.leaf(CLIENT).keys(TestAuthority.rsa(1024)).issue());
    return tests(
        leaves,
        (words, leaf) -> {
          DcmException refused = refused(hostile(server, Optional.of(leaf), "TLSv1.3"));
          assertThat(refused.reason()).isEqualTo(Reason.IDENTITY_INVALID);
          assertThat(refused.sentence())
              .contains(words.replace("only clientAuth", "include serverAuth and clientAuth"));
        });
  }

  /** Refused by TLS itself or by the interceptor, as the TLS library has it. */
  @Test
  void aLeafThatMayNotSignIsRefused() throws Exception {
    Leaf leaf = authority.leaf(CLIENT).usage(KeyUsage.keyAgreement).issue();

    assertThat(refused(hostile(server, Optional.of(leaf), "TLSv1.3")).reason())
        .isIn(Reason.PEER_UNREACHABLE, Reason.IDENTITY_INVALID);
    assertThat(Certificates.problems(leaf.certificate()))
        .containsExactly("its key usage must include digitalSignature");
  }

  @Test
  void noCertificateIsRefused() throws Exception {
    DcmException refused = refused(hostile(server, Optional.empty(), "TLSv1.3"));

    assertThat(refused.reason()).isEqualTo(Reason.PEER_UNREACHABLE);
    assertThat(refused.sentence())
        .contains("refused this side's certificate: certificate required");
  }

  @Test
  void tls12IsRefused() throws Exception {
    Leaf good = authority.leaf(CLIENT).issue();

    assertThat(refused(hostile(server, Optional.of(good), "TLSv1.2")).reason())
        .isEqualTo(Reason.PEER_UNREACHABLE);
    assertThat(whoAmI(hostile(server, Optional.of(good), "TLSv1.3"))).isEqualTo(CLIENT);
  }

  @Test
  void plaintextIsRefused() throws Exception {
    ManagedChannel channel =
        channel(server, new Security.PlaintextLoopback(new PeerId(CLIENT)), SERVER);

    assertThat(refused(channel).reason()).isEqualTo(Reason.PEER_UNREACHABLE);
  }

  /** The client looks as closely: a server that is not exactly the expected one gets no call. */
  @TestFactory
  List<DynamicTest> serversRefusedByTheClient() throws Exception {
    Map<String, Leaf> leaves = new TreeMap<>();
    leaves.put(CLIENT + ", but " + SERVER + " was expected", authority.leaf(CLIENT).issue());
    leaves.put("exactly one URI SAN, but has 2", authority.leaf(SERVER).uri(CLIENT).issue());
    leaves.put("exactly one URI SAN, but has 0", authority.leaf(SERVER).onlyDns("a.b").issue());
    leaves.put("is a CA's", authority.leaf(SERVER).authority().issue());
    leaves.put("must be spiffe://TRUST-DOMAIN/PATH", authority.leaf("spiffe://x").issue());
    leaves.put(
        "must include serverAuth and clientAuth",
        authority.leaf(SERVER).purposes(KeyPurposeId.id_kp_serverAuth).issue());
    leaves.put(
        "does not permit use for TLS server",
        authority.leaf(SERVER).purposes(KeyPurposeId.id_kp_clientAuth).issue());
    leaves.put("signature check failed", TestAuthority.root("test ca").leaf(SERVER).issue());
    leaves.put(
        "unable to find valid certification path",
        TestAuthority.root("other ca").leaf(SERVER).issue());
    leaves.put(
        "validity check failed, NotAfter",
        authority.leaf(SERVER).valid(daysAgo(9), Duration.ofDays(8)).issue());
    return tests(
        leaves,
        (words, leaf) -> {
          Server bad = started(hostileServer(leaf));
          DcmException refused = refused(channel(bad, tls(authority.leaf(CLIENT).issue()), SERVER));
          assertThat(refused.reason()).isEqualTo(Reason.PEER_UNREACHABLE);
          assertThat(refused.sentence())
              .contains("its certificate was refused here")
              .contains(words);
        });
  }

  @Test
  void aServerThatIsNotThereIsToldApart() throws Exception {
    int port = server.getPort();
    server.shutdownNow().awaitTermination();
    ManagedChannel channel =
        track(
            Transport.channel(
                "127.0.0.1:" + port, tls(authority.leaf(CLIENT).issue()), new PeerId(SERVER)));

    DcmException refused = refused(channel);
    assertThat(refused.reason()).isEqualTo(Reason.PEER_UNREACHABLE);
    assertThat(refused.sentence()).contains("Connection refused: /127.0.0.1:" + port);
  }

  @Test
  void plaintextIsForLoopbackOnly() {
    Security plaintext = new Security.PlaintextLoopback(new PeerId(CLIENT));

    for (String address : List.of("0.0.0.0:0", "192.0.2.1:7443", "[::]:0")) {
      assertThat(catchThrowable(() -> Transport.server(address, plaintext)))
          .isInstanceOf(DcmException.class)
          .hasMessageContaining("loopback");
      assertThat(catchThrowable(() -> Transport.channel(address, plaintext, new PeerId(SERVER))))
          .isInstanceOf(DcmException.class)
          .hasMessageContaining("loopback");
    }
  }

  @Test
  void plaintextCarriesTheClaimedIdentity() throws Exception {
    Security plaintext = new Security.PlaintextLoopback(new PeerId(CLIENT));
    Server open = started(Transport.server("127.0.0.1:0", plaintext));

    assertThat(whoAmI(channel(open, plaintext, SERVER))).isEqualTo(CLIENT);
    ManagedChannel silent =
        track(NettyChannelBuilder.forAddress("127.0.0.1", open.getPort()).usePlaintext().build());
    assertThat(refused(silent).reason()).isEqualTo(Reason.IDENTITY_INVALID);
  }

  private Security tls(Leaf leaf) throws Exception {
    String name = "leaf" + System.nanoTime();
    leaf.write(directory, name);
    return new Security.MutualTls(
        TlsMaterial.load(
            authority.write(directory),
            directory.resolve(name + ".pem"),
            directory.resolve(name + ".key")));
  }

  private ManagedChannel channel(Server to, Security security, String expected) throws Exception {
    return track(Transport.channel("127.0.0.1:" + to.getPort(), security, new PeerId(expected)));
  }

  /** A client that checks nothing and shows what it likes. */
  private ManagedChannel hostile(Server to, Optional<Leaf> leaf, String version) throws Exception {
    SslContextBuilder builder =
        GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
            .protocols(version)
            .trustManager(InsecureTrustManagerFactory.INSTANCE);
    leaf.ifPresent(shown -> builder.keyManager(new StubbornKeyManager(shown)));
    return track(
        NettyChannelBuilder.forAddress("127.0.0.1", to.getPort())
            .sslContext(builder.build())
            .build());
  }

  private NettyServerBuilder hostileServer(Leaf leaf) throws Exception {
    X509Certificate[] chain = leaf.chainArray();
    SslContext context =
        GrpcSslContexts.configure(SslContextBuilder.forServer(leaf.key(), chain), SslProvider.JDK)
            .protocols("TLSv1.3")
            .clientAuth(ClientAuth.OPTIONAL)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .build();
    return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .sslContext(context);
  }

  private Server started(NettyServerBuilder builder) throws Exception {
    Server started = builder.addService(new WhoCalls()).build().start();
    servers.add(started);
    return started;
  }

  private ManagedChannel track(ManagedChannel channel) {
    channels.add(channel);
    return channel;
  }

  private static String whoAmI(ManagedChannel channel) {
    return PeerServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .getPeer(GetPeerRequest.getDefaultInstance())
        .getIdentity();
  }

  private static DcmException refused(ManagedChannel channel) {
    Throwable failure = catchThrowable(() -> whoAmI(channel));
    assertThat(failure).isNotNull();
    DcmException error = Errors.fromStatus(failure);
    return error;
  }

  private interface Check {
    void run(String name, Leaf leaf) throws Exception;
  }

  private static List<DynamicTest> tests(Map<String, Leaf> leaves, Check check) {
    List<DynamicTest> tests = new ArrayList<>();
    leaves.forEach(
        (name, leaf) -> tests.add(DynamicTest.dynamicTest(name, () -> check.run(name, leaf))));
    return tests;
  }

  private static Instant daysAgo(int days) {
    return Instant.now().minus(Duration.ofDays(days));
  }

  private static final class WhoCalls extends PeerServiceGrpc.PeerServiceImplBase {
    @Override
    public void getPeer(GetPeerRequest request, StreamObserver<GetPeerResponse> out) {
      out.onNext(GetPeerResponse.newBuilder().setIdentity(CallerIdentity.current().uri()).build());
      out.onCompleted();
    }
  }
}
