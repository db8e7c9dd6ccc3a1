package org.dcmigrate.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A connection to a QEMU's monitor. */
final class Qmp implements AutoCloseable {
  private static final long ANSWER_SECONDS = 30;
  private static final double MICROS = 1e6;

  private final SocketChannel socket;
  private final BlockingQueue<JsonObject> answers = new LinkedBlockingQueue<>();
  private final List<Event> events = new CopyOnWriteArrayList<>();

  /** Something that QEMU told of itself, with the time of its clock. */
  record Event(String name, double atSeconds) {}

  private Qmp(SocketChannel socket) {
    this.socket = socket;
  }

  /** Connects as soon as QEMU is there. */
  static Qmp connect(Path path, Duration patience) throws BenchException {
    AtomicReference<Optional<SocketChannel>> connected = new AtomicReference<>(Optional.empty());
    Await.until(
        "QEMU's monitor answers",
        patience,
        () -> {
          connected.set(open(path));
          return connected.get().isPresent();
        });
    Qmp qmp = new Qmp(connected.get().orElseThrow());
    Thread.ofVirtual().name("qmp").start(qmp::read);
    var _ = qmp.execute("qmp_capabilities");
    return qmp;
  }

  private static Optional<SocketChannel> open(Path path) {
    try {
      return Optional.of(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    } catch (IOException notYet) {
      return Optional.empty();
    }
  }

  /** Carries out a command; gives what it returns. */
  synchronized JsonElement execute(String command, JsonObject arguments) throws BenchException {
    JsonObject request = new JsonObject();
    request.addProperty("execute", command);
    request.add("arguments", arguments);
    ByteBuffer bytes = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (bytes.hasRemaining()) {
        int _ = socket.write(bytes);
      }
      JsonObject answer = answers.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
      if (answer == null) {
        throw new BenchException("QEMU did not answer " + command);
      }
      if (answer.has("error")) {
        throw new BenchException("QEMU refused " + command + ": " + answer.get("error"));
      }
      return answer.get("return");
    } catch (IOException failed) {
      throw new BenchException("QEMU is gone: " + failed.getMessage(), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted while QEMU carries out " + command, interrupted);
    }
  }

  /** The same without arguments. */
  JsonElement execute(String command) throws BenchException {
    return execute(command, new JsonObject());
  }

  /** The last event of a name. */
  Optional<Event> last(String name) {
    return events.reversed().stream().filter(event -> event.name().equals(name)).findFirst();
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        JsonObject message = JsonParser.parseString(line).getAsJsonObject();
        if (message.has("event")) {
          JsonObject time = message.getAsJsonObject("timestamp");
          events.add(
              new Event(
                  message.get("event").getAsString(),
                  time.get("seconds").getAsLong() + time.get("microseconds").getAsLong() / MICROS));
        } else if (!message.has("QMP")) {
          answers.add(message);
        }
      }
    } catch (IOException closed) {
      // Whoever waits for an answer is told by the deadline.
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException closed) {
      // It is.
    }
  }
}
