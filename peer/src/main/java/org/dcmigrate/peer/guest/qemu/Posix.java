package org.dcmigrate.peer.guest.qemu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The few system calls that the Java library does not offer: socket pairs, passing descriptors,
 * buffer sizes, the peer's process id. Linux on 64-bit machines.
 */
@SuppressWarnings("restricted")
final class Posix {
  static final int SHUT_RDWR = 2;

  /** What a non-blocking call says when it would block. */
  static final int EAGAIN = 11;

  private static final int EINTR = 4;
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDBUF = 7;
  private static final int SO_PEERCRED = 17;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final short POLLIN = 1;
  private static final short POLLOUT = 4;

  private static final int WRITE_PATIENCE_MS = 10_000;

  /** Bytes of {@code sun_path} without its final zero. */
  static final int LONGEST_SOCKET_PATH = 107;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle SOCKET = call("socket", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CONNECT = call("connect", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SOCKETPAIR =
      call("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle SETSOCKOPT =
      call("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle GETSOCKOPT =
      call("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle SENDMSG = longCall("sendmsg", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SEND = longCall("send", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle READ = longCall("read", JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle POLL = call("poll", ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle SHUTDOWN = call("shutdown", JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = call("close", JAVA_INT);
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(symbol("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private Posix() {}

  /** Opens a stream socket and connects it to a path; does not block. */
  static int connect(Path path) throws IOException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length > LONGEST_SOCKET_PATH) {
      throw new IOException(
          "a socket's path must have at most %d bytes, but %s has %d"
              .formatted(LONGEST_SOCKET_PATH, path, name.length));
    }
    try (Arena arena = Arena.ofConfined()) {
      int fd = (int) invoke(SOCKET, arena, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      MemorySegment address = arena.allocate(2 + LONGEST_SOCKET_PATH + 1L, 2);
      address.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
      try {
        invoke(CONNECT, arena, fd, address, (int) address.byteSize());
        return fd;
      } catch (IOException refused) {
        close(fd);
        throw refused;
      }
    }
  }

  /** A pair of connected stream sockets that do not block. */
  static int[] socketPair() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(JAVA_INT, 2);
      invoke(SOCKETPAIR, arena, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
      return new int[] {pair.getAtIndex(JAVA_INT, 0), pair.getAtIndex(JAVA_INT, 1)};
    }
  }

  /** Sets the size of a socket's send buffer; the kernel doubles it. */
  static void setSendBuffer(int fd, int bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      invoke(SETSOCKOPT, arena, fd, SOL_SOCKET, SO_SNDBUF, arena.allocateFrom(JAVA_INT, bytes), 4);
    }
  }

  /** The process at the other end of a socket. */
  static long peerPid(int fd) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment credentials = arena.allocate(JAVA_INT, 3);
      MemorySegment length = arena.allocateFrom(JAVA_INT, 12);
      invoke(GETSOCKOPT, arena, fd, SOL_SOCKET, SO_PEERCRED, credentials, length);
      return credentials.getAtIndex(JAVA_INT, 0);
    }
  }

  /** Sends bytes and, beside them, a descriptor. */
  static void sendWithDescriptor(int fd, byte[] bytes, int passed) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vector = arena.allocate(16, 8);
      vector.set(ADDRESS, 0, arena.allocateFrom(JAVA_BYTE, bytes));
      vector.set(JAVA_LONG, 8, bytes.length);
      // struct cmsghdr { size_t len; int level; int type; } and one int, padded to eight bytes.
      MemorySegment control = arena.allocate(24, 8);
      control.set(JAVA_LONG, 0, 20);
      control.set(JAVA_INT, 8, SOL_SOCKET);
      control.set(JAVA_INT, 12, SCM_RIGHTS);
      control.set(JAVA_INT, 16, passed);
      // struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }.
      MemorySegment message = arena.allocate(56, 8);
      message.set(ADDRESS, 16, vector);
      message.set(JAVA_LONG, 24, 1);
      message.set(ADDRESS, 32, control);
      message.set(JAVA_LONG, 40, 24);
      long sent = invoke(SENDMSG, arena, fd, message, MSG_NOSIGNAL);
      if (sent < bytes.length) {
        byte[] rest = Arrays.copyOfRange(bytes, (int) sent, bytes.length);
        writeFully(fd, arena.allocateFrom(JAVA_BYTE, rest));
      }
    }
  }

  /** Writes all bytes, waiting for room for some seconds at most each time. */
  static void writeFully(int fd, MemorySegment bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long done = 0;
      while (done < bytes.byteSize()) {
        long rest = bytes.byteSize() - done;
        long sent = tryInvoke(SEND, arena, fd, bytes.asSlice(done), rest, MSG_NOSIGNAL);
        if (sent >= 0) {
          done += sent;
        } else if (sent == -EAGAIN) {
          if (!poll(arena, fd, POLLOUT, WRITE_PATIENCE_MS)) {
            throw new IOException("nothing was read from it for 10 s");
          }
        } else {
          throw new IOException(describe((int) -sent));
        }
      }
    }
  }

  /** Writes all bytes. */
  static void writeFully(int fd, byte[] bytes) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      writeFully(fd, arena.allocateFrom(JAVA_BYTE, bytes));
    }
  }

  /** Reads what is there: the number of bytes, 0 at the end, {@code -EAGAIN} when nothing is. */
  static long read(int fd, MemorySegment into) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long count = tryInvoke(READ, arena, fd, into, into.byteSize());
      if (count < 0 && count != -EAGAIN) {
        throw new IOException(describe((int) -count));
      }
      return count;
    }
  }

  /** Waits until there is something to read, or an end; -1 waits for ever. */
  static boolean awaitReadable(int fd, int timeoutMs) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return poll(arena, fd, POLLIN, timeoutMs);
    }
  }

  /** Ends both directions of a socket, which wakes everyone who waits on it. */
  static void shutdown(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      // Fails only for a socket whose other end is gone, which is what was asked for.
      tryInvoke(SHUTDOWN, arena, fd, SHUT_RDWR);
    }
  }

  /** Closes a descriptor. */
  static void close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      // After any error of close(2) the descriptor is gone on Linux; there is nothing to do.
      tryInvoke(CLOSE, arena, fd);
    }
  }

  private static boolean poll(Arena arena, int fd, short events, int timeoutMs) throws IOException {
    MemorySegment waited = arena.allocate(8, 4);
    waited.set(JAVA_INT, 0, fd);
    waited.set(JAVA_SHORT, 4, events);
    return invoke(POLL, arena, waited, 1L, timeoutMs) > 0;
  }

  private static long invoke(MethodHandle call, Arena arena, Object... arguments)
      throws IOException {
    long result = tryInvoke(call, arena, arguments);
    if (result < 0) {
      throw new IOException(describe((int) -result));
    }
    return result;
  }

  /** The result, or the negative error number; an interrupted call is made again. */
  private static long tryInvoke(MethodHandle call, Arena arena, Object... arguments) {
    MemorySegment state = arena.allocate(STATE);
    Object[] all = new Object[arguments.length + 1];
    all[0] = state;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    while (true) {
      long result;
      try {
        result = ((Number) call.invokeWithArguments(all)).longValue();
      } catch (Throwable impossible) {
        throw new AssertionError(impossible);
      }
      if (result >= 0) {
        return result;
      }
      int errno = (int) ERRNO.get(state, 0L);
      if (errno != EINTR) {
        return -errno;
      }
    }
  }

  private static String describe(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static MethodHandle call(String name, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        symbol(name),
        FunctionDescriptor.of(JAVA_INT, arguments),
        Linker.Option.captureCallState("errno"));
  }

  private static MethodHandle longCall(String name, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        symbol(name),
        FunctionDescriptor.of(JAVA_LONG, arguments),
        Linker.Option.captureCallState("errno"));
  }

  private static MemorySegment symbol(String name) {
    return LINKER.defaultLookup().findOrThrow(name);
  }
}
