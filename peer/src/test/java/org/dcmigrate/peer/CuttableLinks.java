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

/**
 * A forwarder between each two daemons, in each direction of calling, which can be cut: as where a
 * host goes down and its connections end, or as where packets are lost and nobody is told.
 */
final class CuttableLinks implements Links, AutoCloseable {
  private static final int BUFFER_BYTES = 64 << 10;

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

  /** Keeps what one sends to the other, on all connections, until the link is healed. */
  void silence(String from, String to) {
    links.forEach(
        (pair, link) -> {
          if (pair.equals(new Pair(from, to))) {
            link.silence(true, false);
          } else if (pair.equals(new Pair(to, from))) {
            link.silence(false, true);
          }
        });
  }

  /** Lets connections in again, and what was kept. */
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
    private boolean callerSilent;
    private boolean calleeSilent;

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
        Thread.startVirtualThread(() -> forward(caller, callee, true));
        Thread.startVirtualThread(() -> forward(callee, caller, false));
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

    private void forward(Socket from, Socket to, boolean fromCaller) {
      byte[] buffer = new byte[BUFFER_BYTES];
      try (from;
          to;
          InputStream in = from.getInputStream();
          OutputStream out = to.getOutputStream()) {
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          awaitVoice(fromCaller);
          out.write(buffer, 0, count);
        }
        awaitVoice(fromCaller);
      } catch (IOException ended) {
        // Both sockets are closed, so both sides see it.
      } catch (InterruptedException nobodyDoes) {
        Thread.currentThread().interrupt();
      }
    }

    private synchronized void awaitVoice(boolean fromCaller) throws InterruptedException {
      while (!cut && (fromCaller ? callerSilent : calleeSilent)) {
        wait();
      }
    }

    synchronized void silence(boolean caller, boolean callee) {
      callerSilent |= caller;
      calleeSilent |= callee;
    }

    synchronized void setCut(boolean nowCut) {
      cut = nowCut;
      callerSilent = false;
      calleeSilent = false;
      notifyAll();
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
