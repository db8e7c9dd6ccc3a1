package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * A connection to QEMU's machine protocol. Safe for many threads; replies are matched to commands
 * by id, so a command that QEMU is slow to answer does not hold up the caller of {@link #send}.
 *
 * <p>QEMU serves one client per monitor socket: connections are therefore made for a piece of work
 * and closed after it.
 */
final class Qmp implements AutoCloseable {
  /** How long QEMU may take to answer. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** A client that QEMU is not ready for waits in vain for as long as the other one stays. */
  private static final long GREETING_MS = 4000;

  private static final int LONGEST_LINE = 16 << 20;
  private static final int READ_BYTES = 64 << 10;

  private final Path socket;
  private final int fd;
  private final Consumer<Event> listener;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<Long, CompletableFuture<Reply>> waiting = new ConcurrentHashMap<>();
  private final CompletableFuture<JsonObject> greeting = new CompletableFuture<>();
  private final CompletableFuture<String> lost = new CompletableFuture<>();
  private final AtomicInteger users = new AtomicInteger();
  private final Thread reader;

  /** Something that happened to the guest. */
  record Event(String name, JsonObject data, long seenAtNs) {}

  /** The answer to a command. */
  sealed interface Reply {
    /** What the command returns. */
    record Done(JsonElement value) implements Reply {}

    /** QEMU's reason for not doing it. */
    record Refused(String description) implements Reply {}

    /** The connection ended first. */
    record Lost(String why) implements Reply {}
  }

  private Qmp(Path socket, int fd, Consumer<Event> listener) {
    this.socket = socket;
    this.fd = fd;
    this.listener = listener;
    this.reader =
        Thread.ofPlatform().daemon().name("qmp-" + socket.getFileName()).unstarted(this::readLines);
  }

  /**
   * Connects and gets past the greeting.
   *
   * @param listener called for every event, on the connection's own thread; must not wait
   * @throws DcmException GUEST_FAILED
   */
  static Qmp connect(Path socket, Consumer<Event> listener) throws DcmException {
    Qmp qmp;
    try {
      qmp = new Qmp(socket, Posix.connect(socket), listener);
    } catch (IOException refused) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          ("cannot connect to QEMU's monitor %s (%s); check that QEMU runs with"
                  + " -qmp unix:%s,server=on,wait=off and that no other client holds that socket")
              .formatted(socket, refused.getMessage(), socket),
          refused);
    }
    qmp.reader.start();
    try {
      qmp.greeting.get(GREETING_MS, TimeUnit.MILLISECONDS);
      qmp.execute("qmp_capabilities");
      return qmp;
    } catch (TimeoutException | ExecutionException silent) {
      qmp.close();
      throw new DcmException(
          Reason.GUEST_FAILED,
          "QEMU's monitor %s accepts no further client; give dcmd a -qmp socket of its own"
              .formatted(socket),
          silent);
    } catch (InterruptedException interrupted) {
      qmp.close();
      throw interrupted(interrupted);
    } catch (DcmException failed) {
      qmp.close();
      throw failed;
    }
  }

  /** QEMU's version from the greeting, as major * 1000 + minor. */
  int version() {
    JsonObject version =
        greeting.join().getAsJsonObject("QMP").getAsJsonObject("version").getAsJsonObject("qemu");
    return version.get("major").getAsInt() * 1000 + version.get("minor").getAsInt();
  }

  /** QEMU's process id. */
  long pid() throws DcmException {
    enter();
    try {
      return Posix.peerPid(fd);
    } catch (IOException failed) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "QEMU's process at %s is not known: %s".formatted(socket, failed),
          failed);
    } finally {
      leave();
    }
  }

  /** Why the connection ended, once it has. */
  CompletableFuture<String> lost() {
    return lost;
  }

  /** Sends a command without arguments and waits for what it returns. */
  JsonElement execute(String command) throws DcmException {
    return execute(command, new JsonObject());
  }

  /**
   * Sends a command and waits for what it returns.
   *
   * @throws DcmException GUEST_FAILED when QEMU refuses it or does not answer in time
   */
  JsonElement execute(String command, JsonObject arguments) throws DcmException {
    return await(command, send(command, arguments), PATIENCE);
  }

  /** Runs a command of the human monitor and gives its text. */
  String human(String line) throws DcmException {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("command-line", line);
    return execute("human-monitor-command", arguments).getAsString();
  }

  /** Sends a command; never waits for its answer. */
  CompletableFuture<Reply> send(String command, JsonObject arguments) {
    return send(command, arguments, bytes -> Posix.writeFully(fd, bytes));
  }

  /** Gives QEMU a copy of a descriptor under a name. */
  void passDescriptor(String name, int passed) throws DcmException {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("fdname", name);
    await(
        "getfd",
        send("getfd", arguments, bytes -> Posix.sendWithDescriptor(fd, bytes, passed)),
        PATIENCE);
  }

  private CompletableFuture<Reply> send(String command, JsonObject arguments, Writer writer) {
    long id = lastId.incrementAndGet();
    JsonObject message = new JsonObject();
    message.addProperty("execute", command);
    if (!arguments.isEmpty()) {
      message.add("arguments", arguments);
    }
    message.addProperty("id", id);
    CompletableFuture<Reply> reply = new CompletableFuture<>();
    waiting.put(id, reply);
    try {
      enter();
      try {
        synchronized (waiting) {
          writer.write((message + "\n").getBytes(StandardCharsets.UTF_8));
        }
      } finally {
        leave();
      }
    } catch (DcmException | IOException broken) {
      waiting.remove(id);
      reply.complete(new Reply.Lost(String.valueOf(broken.getMessage())));
    }
    if (lost.isDone()) {
      // The reader may have ended between the registration and now: nobody else completes this.
      reply.complete(new Reply.Lost(lost.join()));
    }
    return reply;
  }

  /** Waits for the answer to a command that was sent. */
  JsonElement await(String command, CompletableFuture<Reply> reply, Duration patience)
      throws DcmException {
    Reply answer;
    try {
      answer = reply.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException silent) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "QEMU at %s did not answer %s within %d s; check whether its process hangs"
              .formatted(socket, command, patience.toSeconds()),
          silent);
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    } catch (ExecutionException impossible) {
      throw new AssertionError(impossible);
    }
    return switch (answer) {
      case Reply.Done done -> done.value();
      case Reply.Refused refused ->
          throw new DcmException(
              Reason.GUEST_FAILED,
              "QEMU at %s refused %s: %s"
                  .formatted(socket, command, Text.quote(refused.description())));
      case Reply.Lost connection ->
          throw new DcmException(
              Reason.GUEST_FAILED,
              "the connection to QEMU at %s was lost before it answered %s: %s"
                  .formatted(socket, command, connection.why()));
    };
  }

  /** Ends the connection; the guest is not touched. */
  @Override
  public void close() {
    if (users.getAndUpdate(n -> n < 0 ? n : n + CLOSED) < 0) {
      return;
    }
    Posix.shutdown(fd);
    releaseIfLast();
  }

  // The descriptor is closed by whoever uses it last: closing it under a reader could make that
  // reader read from an unrelated file which got the same number. CLOSED makes the count negative.
  private static final int CLOSED = Integer.MIN_VALUE;

  private void enter() throws DcmException {
    if (users.getAndUpdate(n -> n < 0 ? n : n + 1) < 0) {
      throw new DcmException(
          Reason.GUEST_FAILED, "the connection to QEMU at %s was closed".formatted(socket));
    }
  }

  private void leave() {
    users.decrementAndGet();
    releaseIfLast();
  }

  private void releaseIfLast() {
    if (users.compareAndSet(CLOSED, CLOSED + 1_000_000)) {
      Posix.close(fd);
    }
  }

  private void readLines() {
    String why;
    try (Arena arena = Arena.ofConfined()) {
      enter();
      try {
        why = readLines(arena.allocate(READ_BYTES));
      } finally {
        leave();
      }
    } catch (DcmException | IOException | JsonParseException | IllegalStateException broken) {
      why = String.valueOf(broken.getMessage());
    }
    lost.complete(why);
    greeting.completeExceptionally(new IOException(why));
    for (CompletableFuture<Reply> reply : waiting.values()) {
      reply.complete(new Reply.Lost(why));
    }
  }

  private String readLines(MemorySegment buffer) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      long count = Posix.read(fd, buffer);
      if (count == -Posix.EAGAIN) {
        Posix.awaitReadable(fd, -1);
        continue;
      }
      if (count == 0) {
        return "QEMU closed its monitor";
      }
      for (int i = 0; i < count; i++) {
        byte one = buffer.get(ValueLayout.JAVA_BYTE, i);
        if (one == '\n') {
          receive(line.toString(StandardCharsets.UTF_8));
          line.reset();
        } else if (line.size() < LONGEST_LINE) {
          line.write(one);
        } else {
          throw new IOException("a line of more than " + LONGEST_LINE + " bytes came");
        }
      }
    }
  }

  private void receive(String line) {
    if (line.isBlank()) {
      return;
    }
    JsonObject message = JsonParser.parseString(line).getAsJsonObject();
    if (message.has("QMP")) {
      greeting.complete(message);
    } else if (message.has("event")) {
      JsonElement data = message.has("data") ? message.get("data") : new JsonObject();
      listener.accept(
          new Event(message.get("event").getAsString(), data.getAsJsonObject(), System.nanoTime()));
    } else if (message.has("id")) {
      CompletableFuture<Reply> reply = waiting.remove(message.get("id").getAsLong());
      if (reply != null) {
        reply.complete(
            message.has("error")
                ? new Reply.Refused(message.getAsJsonObject("error").get("desc").getAsString())
                : new Reply.Done(message.get("return")));
      }
    }
  }

  private static DcmException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new DcmException(Reason.GUEST_FAILED, "interrupted while waiting for QEMU", cause);
  }

  /** Writes a message to the socket. */
  private interface Writer {
    void write(byte[] message) throws IOException;
  }
}
