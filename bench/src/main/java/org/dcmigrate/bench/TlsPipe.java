package org.dcmigrate.bench;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLParameters;

/**
 * TLS 1.3 over a blocking socket, with the library and the certificates that peers use: BoringSSL
 * where there is one for this machine, else the JDK's.
 */
final class TlsPipe implements CopyPipe {
  private static final int NETWORK_BYTES = 512 << 10;
  // Room for any record, and for what BoringSSL's engine wants beyond it.
  private static final int RECORD_BYTES = 32 << 10;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final SocketChannel socket;
  private final SSLEngine engine;
  private final ByteBuffer outgoing = ByteBuffer.allocateDirect(NETWORK_BYTES);
  // Between position and limit lies what was received and is not decrypted yet.
  private final ByteBuffer incoming = ByteBuffer.allocateDirect(NETWORK_BYTES).limit(0);
  // For records that are larger than what is wanted just now.
  private final ByteBuffer ahead = ByteBuffer.allocateDirect(RECORD_BYTES).limit(0);

  private TlsPipe(SocketChannel socket, SSLEngine engine) throws IOException {
    this.socket = socket;
    this.engine = engine;
    engine.beginHandshake();
    handshake();
  }

  /** The end that connected. */
  static TlsPipe client(SocketChannel socket, Path directory, String name) throws IOException {
    SSLEngine engine =
        common(SslContextBuilder.forClient(), directory)
            .keyManager(
                directory.resolve(name + ".pem").toFile(),
                directory.resolve(name + ".key").toFile())
            .build()
            .newEngine(ByteBufAllocator.DEFAULT);
    // Certificates name an identity, no host.
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("");
    engine.setSSLParameters(parameters);
    return new TlsPipe(socket, engine);
  }

  /** The end that was connected to. */
  static TlsPipe server(SocketChannel socket, Path directory, String name) throws IOException {
    SslContext context =
        common(
                SslContextBuilder.forServer(
                    directory.resolve(name + ".pem").toFile(),
                    directory.resolve(name + ".key").toFile()),
                directory)
            .clientAuth(ClientAuth.REQUIRE)
            .build();
    return new TlsPipe(socket, context.newEngine(ByteBufAllocator.DEFAULT));
  }

  private static SslContextBuilder common(SslContextBuilder builder, Path directory) {
    return builder
        .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
        .protocols("TLSv1.3")
        .trustManager(directory.resolve("ca.pem").toFile());
  }

  /** The library in use, for people. */
  static String library() {
    return OpenSsl.isAvailable() ? OpenSsl.versionString() : "JDK";
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      SSLEngineResult result = engine.wrap(from, outgoing);
      if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
        flush();
      } else {
        requireOk(result);
      }
    }
    flush();
  }

  @Override
  public void readFully(ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (ahead.hasRemaining()) {
        int count = Math.min(ahead.remaining(), into.remaining());
        into.put(into.position(), ahead, ahead.position(), count);
        into.position(into.position() + count);
        ahead.position(ahead.position() + count);
      } else if (into.remaining() >= ahead.capacity()) {
        unwrap(into);
      } else {
        ahead.clear();
        unwrap(ahead);
        ahead.flip();
      }
    }
  }

  /** Decrypts at least what one record holds, or receives more. */
  private void unwrap(ByteBuffer into) throws IOException {
    SSLEngineResult result = engine.unwrap(incoming, into);
    if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
      receive();
    } else {
      requireOk(result);
    }
  }

  private void handshake() throws IOException {
    HandshakeStatus status = engine.getHandshakeStatus();
    while (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
      switch (status) {
        case NEED_WRAP -> {
          requireOk(engine.wrap(NOTHING, outgoing));
          flush();
        }
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          ahead.clear();
          unwrap(ahead);
          ahead.flip();
        }
        case NEED_TASK -> runTasks();
        case FINISHED, NOT_HANDSHAKING -> {}
      }
      status = engine.getHandshakeStatus();
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private void flush() throws IOException {
    outgoing.flip();
    while (outgoing.hasRemaining()) {
      int _ = socket.write(outgoing);
    }
    outgoing.clear();
  }

  private void receive() throws IOException {
    incoming.compact();
    int count = socket.read(incoming);
    incoming.flip();
    if (count < 0) {
      throw new EOFException("the other end has closed");
    }
  }

  private static void requireOk(SSLEngineResult result) throws IOException {
    if (result.getStatus() != SSLEngineResult.Status.OK) {
      throw new IOException("TLS: " + result);
    }
  }

  @Override
  public void close() throws IOException {
    ReferenceCountUtil.release(engine);
    socket.close();
  }
}
