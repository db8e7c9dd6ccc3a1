package org.dcmigrate.conformance.play;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A path to the target that carries bytes, and does so badly. */
public final class TcpProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final long DELAY_NS = 2_000_000;
  private static final int BACKLOG = 50;

  /** What the path does. */
  public enum Trouble {
    /** Each byte comes by itself. */
    SINGLE_BYTES,
    /** Everything comes late. */
    DELAY,
    /** After so many bytes to the target the path is reset. */
    RESET,
    /** After so many bytes to the target its end is told, and answers still come. */
    HALF_CLOSE,
    /** After so many bytes to the target nothing comes through any more. */
    BLACKHOLE
  }

  private final Trouble trouble;
  private final AtomicLong left;
  private final ServerSocket listening;
  private final InetSocketAddress target;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  /**
   * Begins to listen.
   *
   * @param after how many bytes to the target, over all connections
   */
  TcpProxy(InetSocketAddress target, Trouble trouble, long after) {
    this.target = target;
    this.trouble = trouble;
    left = new AtomicLong(after);
    try {
      listening = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    Thread.ofVirtual().start(this::accept);
  }

  /** Where it listens. */
  String endpoint() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket front = listening.accept();
        Socket back = new Socket();
        back.connect(target);
        front.setTcpNoDelay(true);
        back.setTcpNoDelay(true);
        sockets.addAll(List.of(front, back));
        Thread.ofVirtual().start(() -> carry(front, back, true));
        Thread.ofVirtual().start(() -> carry(back, front, false));
      } catch (IOException closed) {
        // Looked at by the loop.
      }
    }
  }

  private void carry(Socket from, Socket to, boolean towardsTarget) {
    byte[] buffer = new byte[trouble == Trouble.SINGLE_BYTES ? 1 : BUFFER_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (trouble == Trouble.DELAY) {
          LockSupport.parkNanos(DELAY_NS);
        }
        long through = towardsTarget ? Math.clamp(left.getAndAdd(-read), 0, read) : read;
        boolean swallows = trouble == Trouble.BLACKHOLE && left.get() <= 0;
        if (!limited() || (!towardsTarget && !swallows)) {
          out.write(buffer, 0, read);
        } else if (towardsTarget) {
          out.write(Arrays.copyOf(buffer, (int) through));
          if (through < read && !exhausted(from, to)) {
            return;
          }
        }
      }
      to.shutdownOutput();
    } catch (IOException broken) {
      reset(from);
      reset(to);
    }
  }

  private boolean limited() {
    return switch (trouble) {
      case SINGLE_BYTES, DELAY -> false;
      case RESET, HALF_CLOSE, BLACKHOLE -> true;
    };
  }

  /** Whether reading goes on. */
  private boolean exhausted(Socket from, Socket to) throws IOException {
    return switch (trouble) {
      case RESET -> {
        reset(from);
        reset(to);
        yield false;
      }
      case HALF_CLOSE -> {
        to.shutdownOutput();
        yield false;
      }
      case BLACKHOLE, SINGLE_BYTES, DELAY -> true;
    };
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException closed) {
      // It is given up anyway.
    }
  }

  @Override
  public void close() {
    sockets.forEach(TcpProxy::reset);
    try {
      listening.close();
    } catch (IOException closed) {
      // It is given up anyway.
    }
  }
}
