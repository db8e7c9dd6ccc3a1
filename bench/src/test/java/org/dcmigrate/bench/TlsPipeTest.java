package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.ctl.CertificateAuthority;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What DCM is compared with has to copy correctly itself. */
class TlsPipeTest {
  /** As the copy reads: its chunks end in the middle of records, and in the room of just one. */
  private static final int CHUNK_BYTES = 1 << 20;

  private static final int BYTES = 5 * CHUNK_BYTES + 4096;

  @TempDir Path directory;

  @Test
  void everythingArrivesAndIsAcknowledged() throws Exception {
    CertificateAuthority authority = CertificateAuthority.create("bench.dcm");
    for (String name : new String[] {"send", "receive"}) {
      authority.issue("peer", name, Duration.ofHours(1)).write(directory);
    }
    byte[] content = new byte[BYTES];
    new Random(1).nextBytes(content);
    byte[] received = new byte[BYTES];
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      CompletableFuture<Void> sender =
          CompletableFuture.runAsync(
              () -> send(server.socket().getLocalPort(), content), Thread::startVirtualThread);
      try (SocketChannel socket = server.accept();
          CopyPipe pipe = TlsPipe.server(socket, directory, "receive")) {
        for (int at = 0; at < BYTES; at += CHUNK_BYTES) {
          pipe.readFully(ByteBuffer.wrap(received, at, Math.min(CHUNK_BYTES, BYTES - at)));
        }
        pipe.end();
        sender.get(30, TimeUnit.SECONDS);
      }
    }
    assertThat(received).isEqualTo(content);
  }

  private void send(int port, byte[] content) {
    try (SocketChannel socket =
            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        CopyPipe pipe = TlsPipe.client(socket, directory, "send")) {
      for (int at = 0; at < BYTES; at += CHUNK_BYTES) {
        pipe.write(ByteBuffer.wrap(content, at, Math.min(CHUNK_BYTES, BYTES - at)));
      }
      pipe.awaitEnd();
    } catch (Exception failed) {
      throw new IllegalStateException(failed);
    }
  }
}
