package org.dcmigrate.conformance.play;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;

/** Ways to the target beside the tester's own channel: as somebody else, or beneath gRPC. */
public final class Access implements AutoCloseable {
  /** Stands for nobody among the channels. */
  private static final PeerId NAMELESS = new PeerId("spiffe://conformance.invalid/nobody");

  private final String endpoint;
  private final Security security;
  private final PeerId expected;
  private final Optional<Persona> second;
  private final Optional<Authority> authority;
  private final Map<PeerId, ManagedChannel> channels = new ConcurrentHashMap<>();

  /** Ways to a target for those who play to it. */
  Access(Cast cast) {
    endpoint = cast.endpoint();
    security = cast.first().security();
    expected = cast.target();
    second = cast.second();
    authority = cast.authority();
  }

  /** Where the target listens. */
  public String endpoint() {
    return endpoint;
  }

  /** How the tester speaks to it. */
  public Security security() {
    return security;
  }

  /** Another identity among the target's configured peers, for cases that need two. */
  public PeerId second() {
    return second
        .map(Persona::identity)
        .orElseThrow(
            () -> new NotApplicable("needs another configured peer's identity: --second-identity"));
  }

  /** A way to the target for one call. */
  public record Way(ManagedChannel channel, Optional<TcpProxy> path) implements AutoCloseable {
    @Override
    public void close() {
      channel.shutdownNow();
      path.ifPresent(TcpProxy::close);
    }
  }

  /** The tester's own way, over a path that is in trouble after so many bytes to the target. */
  public Way over(TcpProxy.Trouble trouble, long afterBytes) {
    try {
      TcpProxy path = new TcpProxy(address(), trouble, afterBytes);
      return new Way(Transport.channel(path.endpoint(), security, expected), Optional.of(path));
    } catch (DcmException wrong) {
      throw new IllegalStateException("the target's endpoint was good before", wrong);
    }
  }

  /** A connection beneath gRPC. */
  RawConnection raw(Duration timeout, Consumer<Http2Settings> settings) {
    try {
      return switch (security) {
        case Security.PlaintextLoopback plaintext ->
            new RawConnection(
                address(), Optional.empty(), plaintext.identity().uri(), timeout, settings);
        case Security.MutualTls tls ->
            new RawConnection(
                address(),
                Optional.of(
                    context(
                        Optional.of(authority().leaf(tls.identity().uri()).issue()), "TLSv1.3")),
                "",
                timeout,
                settings);
      };
    } catch (DcmException wrong) {
      throw new IllegalStateException("the target's endpoint was good before", wrong);
    }
  }

  private InetSocketAddress address() throws DcmException {
    InetSocketAddress unresolved = Transport.address(endpoint);
    return new InetSocketAddress(unresolved.getHostString(), unresolved.getPort());
  }

  /** The target's own authority. */
  public Authority authority() {
    return authority.orElseThrow(
        () -> new NotApplicable("needs TLS and the key of the target's authority: --ca-key"));
  }

  /** A caller that checks nothing and shows what it likes. */
  public Way tls(Optional<Authority.Leaf> shown, String version) {
    authority();
    return new Way(
        NettyChannelBuilder.forTarget(endpoint).sslContext(context(shown, version)).build(),
        Optional.empty());
  }

  private static SslContext context(Optional<Authority.Leaf> shown, String version) {
    try {
      SslContextBuilder context =
          GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
              .protocols(version)
              .trustManager(InsecureTrustManagerFactory.INSTANCE);
      shown.ifPresent(leaf -> context.keyManager(new ShownLeaf(leaf)));
      return context.build();
    } catch (SSLException impossible) {
      throw new IllegalStateException("TLS cannot be set up", impossible);
    }
  }

  /** A caller without TLS where TLS is spoken. */
  public Way plaintext() {
    authority();
    return new Way(
        NettyChannelBuilder.forTarget(endpoint).usePlaintext().build(), Optional.empty());
  }

  /** A channel on which the tester is somebody else. */
  Channel as(PeerId other) {
    return channels.computeIfAbsent(other, this::open);
  }

  /** A channel without TLS on which the tester does not say who it is. */
  Channel nameless() {
    if (!(security instanceof Security.PlaintextLoopback)) {
      throw new NotApplicable("over TLS the certificate says who calls");
    }
    return channels.computeIfAbsent(
        NAMELESS, key -> NettyChannelBuilder.forTarget(endpoint).usePlaintext().build());
  }

  private ManagedChannel open(PeerId other) {
    try {
      if (second.isPresent() && second.get().identity().equals(other)) {
        return Transport.channel(endpoint, second.get().security(), expected);
      }
      return switch (security) {
        case Security.PlaintextLoopback plaintext ->
            Transport.channel(endpoint, new Security.PlaintextLoopback(other), expected);
        case Security.MutualTls tls ->
            tls(Optional.of(authority().leaf(other.uri()).issue()), "TLSv1.3").channel();
      };
    } catch (DcmException wrong) {
      throw new IllegalStateException("the target's endpoint was good before", wrong);
    }
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
