package org.dcmigrate.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Both ends of a plain copy, each a process of its own that serves one copy after the other. */
final class CopyPair {
  private static final long PATIENCE_SECONDS = 120;
  private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Path directory;
  private final End sender;
  private final End receiver;
  private final int port;

  private CopyPair(Path directory, End sender, End receiver, int port) {
    this.directory = directory;
    this.sender = sender;
    this.receiver = receiver;
    this.port = port;
  }

  /**
   * Starts both ends.
   *
   * @param tls where the certificates of "send" and "receive" lie; empty: no TLS
   */
  static CopyPair start(Workspace workspace, String name, Optional<Path> tls)
      throws BenchException {
    End receiver = End.start(workspace, name + "-receiver", "RECEIVE", tls);
    End sender = End.start(workspace, name + "-sender", "SEND", tls);
    int port = Integer.parseInt(receiver.answer());
    return new CopyPair(workspace.directory(), sender, receiver, port);
  }

  /** Copies a file's memory into that of a new one. */
  Moved copy(Path file, long bytes) throws BenchException {
    Path copy = directory.resolve("copied");
    try {
      receiver.tell(copy + " " + bytes);
      sender.tell(port + " " + file + " " + bytes);
      String[] sent = sender.answer().split(" ", 2);
      long receiverCpuNs = Long.parseLong(receiver.answer());
      return new Moved(
          bytes,
          Long.parseLong(sent[0]) / NS_PER_SECOND,
          (Long.parseLong(sent[1]) + receiverCpuNs) / NS_PER_SECOND);
    } finally {
      try {
        Files.deleteIfExists(copy);
      } catch (IOException left) {
        // Goes with the workspace.
      }
    }
  }

  /** One end. */
  private record End(Workspace workspace, String name, BufferedReader reader, PrintWriter writer) {
    static End start(Workspace workspace, String name, String role, Optional<Path> tls)
        throws BenchException {
      List<String> command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "--sun-misc-unsafe-memory-access=allow",
                  "-Xmx256m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName(),
                  "copy",
                  role));
      tls.ifPresent(directory -> command.addAll(List.of("--tls", directory.toString())));
      Process process =
          workspace.start(
              name,
              new ProcessBuilder(command)
                  .redirectError(workspace.directory().resolve(name + ".log").toFile()));
      return new End(
          workspace,
          name,
          process.inputReader(StandardCharsets.UTF_8),
          new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true));
    }

    void tell(String line) {
      writer.println(line);
    }

    String answer() throws BenchException {
      try {
        return CompletableFuture.supplyAsync(this::readLine, Thread::startVirtualThread)
            .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
            .join();
      } catch (CompletionException failed) {
        throw new BenchException(
            "%s did not answer: %s\n%s".formatted(name, failed.getCause(), workspace.printed(name)),
            failed);
      }
    }

    private String readLine() {
      try {
        String line = reader.readLine();
        if (line == null) {
          throw new IllegalStateException("it has ended");
        }
        return line;
      } catch (IOException failed) {
        throw new IllegalStateException(failed);
      }
    }
  }
}
