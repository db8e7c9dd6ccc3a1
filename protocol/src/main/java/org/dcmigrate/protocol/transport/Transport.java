package org.dcmigrate.protocol.transport;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** Makes channels to peers, and servers. */
public final class Transport {
  /** Most bytes of one message. */
  public static final int MAX_MESSAGE_BYTES = 4 << 20;

  // Bandwidth times round trip up to here fits into one stream: 16 MiB is 10 Gbit/s at 13 ms.
  private static final int FLOW_WINDOW_BYTES = 16 << 20;
  // A connection that carries pages is read a few hundred KiB at a time; others stay small.
  private static final int LEAST_READ_BYTES = 2 << 10;
  private static final int FIRST_READ_BYTES = 16 << 10;
  private static final int MOST_READ_BYTES = 1 << 20;
  // What waits in the socket delays the guest's last pages while it stands still: the kernel would
  // take several MiB. What is on its way counts extra, so that long paths are filled all the same.
  private static final long MOST_UNSENT_BYTES = 1 << 20;
  private static final int MOST_CALLS = 256;
  private static final int MAX_HEADER_BYTES = 16 << 10;
  private static final int KEEPALIVE_SECONDS = 10;
  private static final int KEEPALIVE_TIMEOUT_SECONDS = 5;
  private static final int PERMITTED_KEEPALIVE_SECONDS = 5;

  private Transport() {}

  /**
   * A channel to a peer that must have this identity. It connects at the first call.
   *
   * @param endpoint HOST:PORT or [IPV6]:PORT
   * @throws DcmException FIELD_INVALID for a malformed endpoint, or one that is not on loopback
   *     while there is no TLS
   */
  public static ManagedChannel channel(String endpoint, Security security, PeerId expected)
      throws DcmException {
    InetSocketAddress address = address(endpoint);
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(address.getHostString(), address.getPort())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .maxInboundMetadataSize(MAX_HEADER_BYTES)
            .flowControlWindow(FLOW_WINDOW_BYTES)
            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .proxyDetector(target -> null)
            .disableServiceConfigLookUp()
            .disableRetry();
    if (Epoll.isAvailable()) {
      builder.withOption(EpollChannelOption.TCP_NOTSENT_LOWAT, MOST_UNSENT_BYTES);
    }
    return switch (security) {
      case Security.MutualTls tls -> {
        try {
          yield builder
              .sslContext(
                  GrpcSslContexts.configure(SslContextBuilder.forClient())
                      .protocols("TLSv1.3")
                      .keyManager(tls.material().key(), chain(tls.material()))
                      .trustManager(
                          new PeerTrust(tls.material().chainVerifier(), Optional.of(expected)))
                      .build())
              .build();
        } catch (SSLException unusable) {
          throw unusable(unusable);
        }
      }
      case Security.PlaintextLoopback plaintext -> {
        requireLoopback(address);
        yield builder.usePlaintext().intercept(claiming(plaintext.identity())).build();
      }
    };
  }

  /**
   * A server that knows who calls, see {@link CallerIdentity#current}.
   *
   * @throws DcmException as for {@link #channel}
   */
  public static NettyServerBuilder server(String listen, Security security) throws DcmException {
    InetSocketAddress unresolved = address(listen);
    InetSocketAddress address =
        new InetSocketAddress(unresolved.getHostString(), unresolved.getPort());
    if (address.isUnresolved()) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "the address to listen on is of no known host: " + Text.quote(listen));
    }
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .maxInboundMetadataSize(MAX_HEADER_BYTES)
            .flowControlWindow(FLOW_WINDOW_BYTES)
            .withChildOption(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(
                    LEAST_READ_BYTES, FIRST_READ_BYTES, MOST_READ_BYTES))
            .maxConcurrentCallsPerConnection(MOST_CALLS)
            .permitKeepAliveTime(PERMITTED_KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    return switch (security) {
      case Security.MutualTls tls -> {
        try {
          yield builder
              .sslContext(
                  GrpcSslContexts.configure(
                          SslContextBuilder.forServer(tls.material().key(), chain(tls.material())))
                      .protocols("TLSv1.3")
                      .clientAuth(ClientAuth.REQUIRE)
                      .trustManager(new PeerTrust(tls.material().chainVerifier(), Optional.empty()))
                      .build())
              .intercept(new CallerIdentity(false));
        } catch (SSLException unusable) {
          throw unusable(unusable);
        }
      }
      case Security.PlaintextLoopback plaintext -> {
        requireLoopback(address);
        yield builder.intercept(new CallerIdentity(true));
      }
    };
  }

  /**
   * Reads HOST:PORT; the host is not looked up.
   *
   * @throws DcmException FIELD_INVALID
   */
  public static InetSocketAddress address(String endpoint) throws DcmException {
    int colon = endpoint.lastIndexOf(':');
    try {
      if (colon > 0) {
        String host = endpoint.substring(0, colon);
        int port = Integer.parseInt(endpoint.substring(colon + 1));
        if (host.startsWith("[") && host.endsWith("]")) {
          host = host.substring(1, host.length() - 1);
        }
        if (port >= 0 && port <= 65535 && !host.isEmpty()) {
          return InetSocketAddress.createUnresolved(host, port);
        }
      }
    } catch (NumberFormatException noPort) {
      // Refused below.
    }
    throw new DcmException(
        Reason.FIELD_INVALID,
        "an endpoint must be HOST:PORT, e.g. host-b:7443, but was " + Text.quote(endpoint));
  }

  private static void requireLoopback(InetSocketAddress address) throws DcmException {
    try {
      if (InetAddress.getByName(address.getHostString()).isLoopbackAddress()) {
        return;
      }
    } catch (UnknownHostException unknown) {
      // Not loopback for sure.
    }
    throw new DcmException(
        Reason.FIELD_INVALID,
        "plaintext is for loopback addresses only, but the address is %s; configure tls"
            .formatted(address.getHostString()));
  }

  private static X509Certificate[] chain(TlsMaterial material) {
    return material.chain().toArray(X509Certificate[]::new);
  }

  private static DcmException unusable(SSLException cause) {
    return new DcmException(
        Reason.IDENTITY_INVALID, "TLS cannot be set up: " + cause.getMessage(), cause);
  }

  private static ClientInterceptor claiming(PeerId identity) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new ForwardingClientCall.SimpleForwardingClientCall<>(
            next.newCall(method, options)) {
          @Override
          public void start(Listener<A> listener, Metadata headers) {
            headers.put(CallerIdentity.CLAIMED, identity.uri());
            super.start(listener, headers);
          }
        };
      }
    };
  }
}
