package org.dcmigrate.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All hosts are this one; nothing limits what flows. */
record Loopback(Map<String, Integer> ports) implements Network {
  Loopback {
    ports = Map.copyOf(ports);
  }

  /** Takes a free port for each host. */
  static Loopback of(List<String> hosts) throws BenchException {
    Map<String, Integer> ports = new LinkedHashMap<>();
    List<ServerSocket> sockets = new ArrayList<>();
    try {
      try {
        for (String host : hosts) {
          ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          sockets.add(socket);
          ports.put(host, socket.getLocalPort());
        }
      } finally {
        for (ServerSocket socket : sockets) {
          socket.close();
        }
      }
    } catch (IOException failed) {
      throw new BenchException("no free port: " + failed.getMessage(), failed);
    }
    return new Loopback(ports);
  }

  @Override
  public List<String> on(String host, List<String> command) {
    return command;
  }

  @Override
  public String listen(String host) {
    return "127.0.0.1:" + ports.getOrDefault(host, 0);
  }

  @Override
  public String endpoint(String host) {
    return listen(host);
  }

  @Override
  public String control(String host) {
    return listen(host);
  }
}
