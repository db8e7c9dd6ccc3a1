package org.dcmigrate.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * One end of the plain copy that DCM is compared with: memory of a file to a socket, or a socket to
 * a file in memory, with nothing in between but TLS if asked for. It goes on as long as lines come:
 *
 * <pre>
 *   receiver                             sender
 *     prints: PORT                         reads:  PORT FILE BYTES
 *     reads:  FILE BYTES                   prints: NANOSECONDS CPU-NANOSECONDS
 *     prints: CPU-NANOSECONDS
 * </pre>
 */
@Command(name = "copy", hidden = true, description = "One end of a plain copy; used by line.")
final class CopyCommand implements Callable<Integer> {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int BACKLOG = 1;

  @Parameters(paramLabel = "ROLE")
  private Role role = Role.RECEIVE;

  @Option(names = "--tls", description = "Directory with ca.pem, ROLE.pem and ROLE.key.")
  private Path tls = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  enum Role {
    SEND,
    RECEIVE
  }

  @Override
  public Integer call() throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintWriter out = spec.commandLine().getOut();
    switch (role) {
      case SEND -> send(in, out);
      case RECEIVE -> receive(in, out);
    }
    return 0;
  }

  private void send(BufferedReader in, PrintWriter out) throws IOException {
    String line = in.readLine();
    while (line != null) {
      String[] words = line.split(" ", 3);
      int port = Integer.parseInt(words[0]);
      Path file = Path.of(words[1]);
      long bytes = Long.parseLong(words[2]);
      try (Arena arena = Arena.ofShared();
          FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        MemorySegment memory = channel.map(MapMode.READ_ONLY, 0, bytes, arena);
        // A guest's memory is in the tables of its process, too, before it moves.
        memory.load();
        out.println(send(memory, port));
      }
      out.flush();
      line = in.readLine();
    }
  }

  /** Nanoseconds, and those of the CPU. */
  private String send(MemorySegment memory, int port) throws IOException {
    long startedNs = System.nanoTime();
    long cpuBeforeNs = cpuNs();
    try (SocketChannel socket =
            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        CopyPipe pipe = pipe(socket)) {
      for (long at = 0; at < memory.byteSize(); at += CHUNK_BYTES) {
        pipe.write(chunk(memory, at));
      }
      pipe.awaitEnd();
    }
    return (System.nanoTime() - startedNs) + " " + (cpuNs() - cpuBeforeNs);
  }

  private void receive(BufferedReader in, PrintWriter out) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
      out.println(server.socket().getLocalPort());
      out.flush();
      String line = in.readLine();
      while (line != null) {
        String[] words = line.split(" ", 2);
        long bytes = Long.parseLong(words[1]);
        long cpuBeforeNs = cpuNs();
        try (FileChannel file =
                FileChannel.open(
                    Path.of(words[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            SocketChannel socket = server.accept();
            CopyPipe pipe = pipe(socket)) {
          receive(pipe, file, bytes);
          pipe.end();
        }
        out.println(cpuNs() - cpuBeforeNs);
        out.flush();
        line = in.readLine();
      }
    }
  }

  /** With writes, which cost less than storing into mapped memory that nobody has touched yet. */
  private static void receive(CopyPipe pipe, FileChannel file, long bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES);
    for (long at = 0; at < bytes; at += CHUNK_BYTES) {
      buffer.clear().limit((int) Math.min(CHUNK_BYTES, bytes - at));
      pipe.readFully(buffer);
      buffer.flip();
      while (buffer.hasRemaining()) {
        int _ = file.write(buffer, at + buffer.position());
      }
    }
  }

  private CopyPipe pipe(SocketChannel socket) throws IOException {
    if (tls.toString().isEmpty()) {
      return new CopyPipe.Plain(socket);
    }
    return switch (role) {
      case SEND -> TlsPipe.client(socket, tls, "send");
      case RECEIVE -> TlsPipe.server(socket, tls, "receive");
    };
  }

  private static ByteBuffer chunk(MemorySegment memory, long at) {
    return memory.asSlice(at, Math.min(CHUNK_BYTES, memory.byteSize() - at)).asByteBuffer();
  }

  /** Of this process, all threads. */
  private static long cpuNs() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
  }
}
