package org.dcmigrate.peer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A forwarder between each two daemons, in each direction of calling, which can be cut. */
final class CuttableLinks implements Links, AutoCloseable {
  private record Pair(String from, String to) {}

  private final Map<Pair, Link> links = new ConcurrentHashMap<>();

  @Override
  public int port(String from, String to, int listening) throws IOException {
    Link link = new Link(listening);
    links.put(new Pair(from, to), link);
    return link.port();
  }

  /** Ends all connections between the two, whoever made them, and lets no new one in. */
  void cut(String one, String other) {
    setCut(one, other, true);
  }

  /** Lets connections in again. */
  void heal(String one, String other) {
    setCut(one, other, false);
  }

  private void setCut(String one, String other, boolean cut) {
    links.forEach(
        (pair, link) -> {
          if (Set.of(pair.from(), pair.to()).equals(Set.of(one, other))) {
            link.setCut(cut);
          }
        });
  }

  @Override
  public void close() {
    links.values().forEach(Link::close);
  }

  private static final class Link {
    private final int target;
    private final ServerSocket server;
    private final Set<Socket> open = new HashSet<>();
    private boolean cut;

    Link(int target) throws IOException {
      this.target = target;
      this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      Thread.startVirtualThread(this::serve);
    }

    int port() {
      return server.getLocalPort();
    }

    private void serve() {
      while (!server.isClosed()) {
        try {
          connect(server.accept());
        } catch (IOException refused) {
          // The caller sees its connection end, and tries again.
        }
      }
    }

    private void connect(Socket caller) throws IOException {
      if (!register(caller)) {
        caller.close();
        return;
      }
      try {
        Socket callee = new Socket(InetAddress.getLoopbackAddress(), target);
        caller.setTcpNoDelay(true);
        callee.setTcpNoDelay(true);
        if (!register(callee)) {
          callee.close();
          return;
        }
        Thread.startVirtualThread(() -> forward(caller, callee));
        Thread.startVirtualThread(() -> forward(callee, caller));
      } catch (IOException nobodyListens) {
        caller.close();
      }
    }

    private synchronized boolean register(Socket socket) {
      if (!cut) {
        open.add(socket);
      }
      return !cut;
    }

    private static void forward(Socket from, Socket to) {
      try (from;
          to;
          InputStream in = from.getInputStream();
          OutputStream out = to.getOutputStream()) {
        in.transferTo(out);
      } catch (IOException ended) {
        // Both sockets are closed, so both sides see it.
      }
    }

    synchronized void setCut(boolean nowCut) {
      cut = nowCut;
      if (cut) {
        open.forEach(Link::end);
        open.clear();
      }
    }

    void close() {
      setCut(true);
      try {
        server.close();
      } catch (IOException failed) {
        throw new IllegalStateException(failed);
      }
    }

    private static void end(Socket socket) {
      try {
        socket.close();
      } catch (IOException gone) {
        // It was to be closed.
      }
    }
  }
}
