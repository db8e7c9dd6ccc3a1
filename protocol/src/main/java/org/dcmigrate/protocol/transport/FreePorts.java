package org.dcmigrate.protocol.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for peers that listen on the loopback of this host: demonstrations, tests and benchmarks.
 *
 * <p>They lie below the ports that systems give to outgoing connections (from 32768 on Linux, from
 * 49152 elsewhere). So a peer can leave its port and listen on it again: no connection that
 * somebody made meanwhile has it.
 */
public final class FreePorts {
  private static final int FIRST = 10_000;
  private static final int END = 32_000;
  private static final int ATTEMPTS = 1_000;

  private FreePorts() {}

  /**
   * One port that nobody listens on at this moment.
   *
   * @throws IOException none was found
   */
  public static int one() throws IOException {
    try (ServerSocket socket = bound()) {
      return socket.getLocalPort();
    }
  }

  /**
   * A port for each name, all different.
   *
   * @throws IOException not enough of them were found
   */
  public static Map<String, Integer> each(List<String> names) throws IOException {
    Map<String, Integer> ports = new LinkedHashMap<>();
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      for (String name : names) {
        ServerSocket socket = bound();
        sockets.add(socket);
        ports.put(name, socket.getLocalPort());
      }
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
    return ports;
  }

  private static ServerSocket bound() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      ServerSocket socket = new ServerSocket();
      try {
        socket.bind(
            new InetSocketAddress(loopback, ThreadLocalRandom.current().nextInt(FIRST, END)), 1);
        return socket;
      } catch (IOException taken) {
        socket.close();
      }
    }
    throw new IOException(
        "no free port between %d and %d on %s".formatted(FIRST, END, loopback.getHostAddress()));
  }
}
