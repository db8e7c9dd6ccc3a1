package org.dcmigrate.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Programs of the system: run to their end, or looked for. */
final class Shell {
  private static final long PATIENCE_SECONDS = 30;
  private static final List<String> USUAL_PLACES = List.of("/usr/sbin", "/sbin");

  private Shell() {}

  /** Runs a program; gives what it printed. Any end but 0 is a failure. */
  static String run(List<String> command) throws BenchException {
    return run(command, PATIENCE_SECONDS);
  }

  /** The same with a deadline. */
  static String run(List<String> command, long patienceSeconds) throws BenchException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .start();
      CompletableFuture<String> printed =
          CompletableFuture.supplyAsync(() -> read(process), Thread::startVirtualThread);
      if (!process.waitFor(patienceSeconds, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new BenchException(
            "\"%s\" did not end within %d s".formatted(String.join(" ", command), patienceSeconds));
      }
      String text = printed.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
      if (process.exitValue() != 0) {
        throw new BenchException(
            "\"%s\" failed: %s".formatted(String.join(" ", command), text.strip()));
      }
      return text;
    } catch (IOException failed) {
      throw new BenchException(
          "\"%s\" cannot be run: %s".formatted(String.join(" ", command), failed.getMessage()),
          failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted while running " + command.getFirst(), interrupted);
    }
  }

  /** Where a program is, if it is installed. */
  static Optional<Path> find(String program) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.concat(Stream.of(path.split(":", -1)), USUAL_PLACES.stream())
        .map(directory -> Path.of(directory, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static String read(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException closed) {
      return "";
    }
  }
}
