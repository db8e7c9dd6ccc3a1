package org.dcmigrate.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What a run leaves behind: nothing. Owns a directory in memory, and everything that is to be
 * undone at the end, which is undone in reverse order; also when the run is interrupted.
 */
final class Workspace implements AutoCloseable {
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private final Path directory;
  private final Deque<Runnable> undoing = new ArrayDeque<>();
  private boolean closed;

  private Workspace(Path directory) {
    this.directory = directory;
  }

  /** A workspace that closes itself when the process is told to end. */
  static Workspace create() throws BenchException {
    try {
      Workspace workspace =
          new Workspace(
              Files.isWritable(SHARED_MEMORY)
                  ? Files.createTempDirectory(SHARED_MEMORY, "dcm-bench-")
                  : Files.createTempDirectory("dcm-bench-"));
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(workspace::close));
      return workspace;
    } catch (IOException failed) {
      throw new BenchException("no directory can be made: " + failed, failed);
    }
  }

  /** Where all files of the run lie; its path is short enough for sockets. */
  Path directory() {
    return directory;
  }

  /** Has something undone at the end. */
  synchronized void atEnd(Runnable undo) throws BenchException {
    if (closed) {
      undo.run();
      throw new BenchException("the run is over");
    }
    undoing.push(undo);
  }

  /** Starts a process that ends with the run; its output is NAME.log in the directory. */
  Process start(String name, List<String> command) throws BenchException {
    return start(
        name,
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(log(name).toFile()));
  }

  /** The same with input and output as the caller has set them. */
  Process start(String name, ProcessBuilder builder) throws BenchException {
    try {
      Process process = builder.start();
      atEnd(() -> end(process));
      return process;
    } catch (IOException failed) {
      throw new BenchException(name + " cannot be started: " + failed.getMessage(), failed);
    }
  }

  /** What a process has printed. */
  String printed(String name) {
    try {
      return Files.readString(log(name)).strip();
    } catch (IOException none) {
      return "";
    }
  }

  private Path log(String name) {
    return directory.resolve(name + ".log");
  }

  /** Kills a process and waits for its end. */
  static void end(Process process) {
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Undoes everything; once. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    endStrays();
    while (!undoing.isEmpty()) {
      undoing.pop().run();
      endStrays();
    }
    delete(directory);
  }

  /** Virtual machines that peers started: their command names our directory. */
  private void endStrays() {
    ProcessHandle.allProcesses()
        .filter(handle -> handle.pid() != ProcessHandle.current().pid())
        .filter(handle -> commandLine(handle.pid()).contains(directory + "/"))
        .filter(ProcessHandle::destroyForcibly)
        .forEach(handle -> handle.onExit().completeOnTimeout(handle, 10, TimeUnit.SECONDS).join());
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(
          Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException ended) {
      return "";
    }
  }

  /** Deletes a file or a directory with all that is in it. */
  static void delete(Path path) {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException failed) {
      System.err.println("bench: " + path + " cannot be deleted: " + failed);
    }
  }
}
