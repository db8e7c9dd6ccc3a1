package org.dcmigrate.conformance.play;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** A connection of HTTP/2 to the target on which a call may be anything. For one thread. */
public final class RawConnection implements AutoCloseable {
  private static final int PREFIX_BYTES = 5;

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel channel;
  private final Duration timeout;
  private final String identity;

  /**
   * How a call ended.
   *
   * @param grpcStatus number of the gRPC status; none where the stream was reset, the connection
   *     closed, or HTTP said no
   */
  public record Answer(String text, Optional<Integer> grpcStatus) {
    /** Whether the call succeeded. */
    public boolean isOk() {
      return grpcStatus.equals(Optional.of(0));
    }
  }

  RawConnection(
      InetSocketAddress target,
      Optional<SslContext> tls,
      String identity,
      Duration timeout,
      Consumer<Http2Settings> settings) {
    this.timeout = timeout;
    this.identity = identity;
    Http2Settings initial = Http2Settings.defaultSettings();
    settings.accept(initial);
    Http2FrameCodec codec =
        Http2FrameCodecBuilder.forClient()
            .initialSettings(initial)
            // What is too long for the target is for the target to refuse.
            .encoderIgnoreMaxHeaderListSize(true)
            .build();
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel fresh) {
                    tls.ifPresent(each -> fresh.pipeline().addLast(each.newHandler(fresh.alloc())));
                    fresh
                        .pipeline()
                        .addLast(codec)
                        .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
                  }
                });
    ChannelFuture connected = bootstrap.connect(target).awaitUninterruptibly();
    if (!connected.isSuccess()) {
      close(connected.channel());
      throw new CheckFailed("a connection", "one that is taken", text(connected));
    }
    channel = connected.channel();
  }

  private static String text(Future<?> failed) {
    return String.valueOf(failed.cause());
  }

  /** A stream that is begun. */
  public final class Call {
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private final Http2StreamChannel stream;

    private Call(String path, Consumer<Http2Headers> change) {
      Future<Http2StreamChannel> opened =
          new Http2StreamChannelBootstrap(channel)
              .handler(new Reader(answer))
              .open()
              .awaitUninterruptibly();
      if (!opened.isSuccess()) {
        throw new CheckFailed("a call on the connection", "one that begins", text(opened));
      }
      stream = opened.getNow();
      Http2Headers headers =
          new DefaultHttp2Headers()
              .method("POST")
              .scheme("http")
              .authority("target")
              .path(path)
              .add("content-type", "application/grpc")
              .add("te", "trailers");
      if (!identity.isEmpty()) {
        headers.add("dcm-identity", identity);
      }
      change.accept(headers);
      var _ = stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers, false));
    }

    /** Sends bytes. */
    public Call data(byte[] bytes) {
      write(bytes, false);
      return this;
    }

    /** Sends the last bytes, and waits for the end. */
    public Answer end(byte[] bytes) {
      write(bytes, true);
      return await();
    }

    /** Breaks it off. */
    public void reset() {
      var _ = stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
    }

    /** Waits for the end. */
    public Answer await() {
      try {
        return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException silent) {
        return new Answer("no answer within " + timeout, Optional.empty());
      } catch (ExecutionException | InterruptedException impossible) {
        throw new IllegalStateException(impossible);
      }
    }

    /** Whether it has ended. */
    public boolean isOver() {
      return answer.isDone();
    }

    private void write(byte[] bytes, boolean last) {
      var _ = stream.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(bytes), last));
    }
  }

  /** Begins a call, with changed headers. */
  public Call begin(String path, Consumer<Http2Headers> change) {
    return new Call(path, change);
  }

  /** Begins a call. */
  public Call begin(String path) {
    return begin(path, headers -> {});
  }

  /** Says that nothing more will come. */
  public void goAway() {
    channel.writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR)).awaitUninterruptibly();
  }

  /** Whether the target has left it open. */
  public boolean isOpen() {
    return channel.isActive();
  }

  /** A message with its prefix. */
  public static byte[] framed(byte[] message) {
    return framed(0, message.length, message);
  }

  /** Bytes with a prefix that may be any. */
  public static byte[] framed(int flag, int length, byte[] message) {
    ByteBuf framed = Unpooled.buffer(PREFIX_BYTES + message.length);
    framed.writeByte(flag).writeInt(length).writeBytes(message);
    return ByteBufUtil.getBytes(framed);
  }

  @Override
  public void close() {
    close(channel);
  }

  private void close(Channel open) {
    var _ = open.close();
    var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  /** Takes the frames of one stream until it ends. */
  private static final class Reader extends SimpleChannelInboundHandler<Http2Frame> {
    private final CompletableFuture<Answer> answer;
    private String said = "";

    Reader(CompletableFuture<Answer> answer) {
      this.answer = answer;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Http2Frame frame) {
      switch (frame) {
        case Http2HeadersFrame headers -> headers(headers);
        case Http2DataFrame data when data.isEndStream() -> over(Optional.empty());
        default -> {}
      }
    }

    private void headers(Http2HeadersFrame frame) {
      Http2Headers headers = frame.headers();
      Optional<CharSequence> status = Optional.ofNullable(headers.get("grpc-status"));
      Optional.ofNullable(headers.status()).ifPresent(http -> said += "HTTP " + http);
      Optional.ofNullable(headers.get("grpc-message")).ifPresent(text -> said += " " + text);
      if (frame.isEndStream()) {
        over(status.map(text -> Integer.parseInt(text.toString())));
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof Http2ResetFrame reset) {
        said += " reset " + reset.errorCode();
        over(Optional.empty());
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      said += " closed";
      over(Optional.empty());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      said += " " + cause;
      over(Optional.empty());
    }

    private void over(Optional<Integer> grpcStatus) {
      String text = grpcStatus.map(code -> "grpc-status " + code + " ").orElse("") + said;
      answer.complete(new Answer(Transcript.shortened(text), grpcStatus));
    }
  }
}
