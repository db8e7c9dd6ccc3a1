package org.dcmigrate.conformance;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A peer of {@code conformance/node-peer}, which was written from SPEC.md alone, as a process. */
final class NodePeer implements AutoCloseable {
  private static final Path PROGRAM = Path.of("node-peer");

  private final Process process;

  private NodePeer(Process process) {
    this.process = process;
  }

  /**
   * Skips the test where Node.js or the packages of the peer are not installed, or fails it where
   * DCM_REQUIRE_NODE=1 says that they must be.
   */
  static void require() {
    boolean installed =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "node")));
    require(installed, "node is not installed");
    require(
        Files.isDirectory(PROGRAM.resolve("node_modules/@grpc/grpc-js")),
        "npm ci was not run in conformance/node-peer");
  }

  private static void require(boolean met, String otherwise) {
    if (!met && "1".equals(System.getenv("DCM_REQUIRE_NODE"))) {
      throw new AssertionError(otherwise + ", but DCM_REQUIRE_NODE=1");
    }
    assumeTrue(met, otherwise);
  }

  /** Starts a peer, and waits until it listens. */
  static NodePeer start(Path config) throws IOException {
    Process process =
        new ProcessBuilder("node", PROGRAM.resolve("src/main.js").toString(), config.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    // Left open: the process writes nothing more, and would be stopped by a closed pipe if it did.
    BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
    String line = output.readLine();
    if (line == null || !line.contains(" listens on port ")) {
      process.destroyForcibly();
      throw new IOException("The Node peer did not start: " + line);
    }
    return new NodePeer(process);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
