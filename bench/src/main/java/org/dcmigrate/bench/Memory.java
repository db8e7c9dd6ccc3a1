package org.dcmigrate.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a process takes of this machine's memory beside the files that it maps. */
final class Memory implements AutoCloseable {
  private static final long POLL_NS = 20_000_000;
  private static final long KIB = 1024;
  private static final Pattern HEAP_USED = Pattern.compile("total .*used (\\d+)K");

  private final Process process;
  private final AtomicLong peakBytes = new AtomicLong();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread watcher;

  private Memory(Process process) {
    this.process = process;
    this.watcher = Thread.ofPlatform().name("memory").daemon(true).unstarted(this::watch);
  }

  /** Watches a process until it is closed. */
  static Memory watch(Process process) {
    Memory memory = new Memory(process);
    memory.watcher.start();
    return memory;
  }

  /** The most that was seen at a time. */
  long peakBytes() {
    return peakBytes.get();
  }

  private void watch() {
    while (!closed.get()) {
      peakBytes.accumulateAndGet(anonymousBytes(process), Math::max);
      LockSupport.parkNanos(POLL_NS);
    }
  }

  /**
   * Resident memory that is no page of a file: heap, direct buffers, code, stacks. The guest's own
   * memory is a file and not in it. 0 when the process has ended.
   */
  static long anonymousBytes(Process process) {
    try {
      return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
          .filter(line -> line.startsWith("RssAnon:"))
          .mapToLong(line -> KIB * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(0);
    } catch (IOException ended) {
      return 0;
    }
  }

  /** The part of a JVM's heap that is in use. */
  static long heapBytes(Process process) throws BenchException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    return heapBytes(
        Shell.run(List.of(jcmd.toString(), Long.toString(process.pid()), "GC.heap_info")));
  }

  /** The same, in what jcmd tells: one line for each part, or one for all. */
  static long heapBytes(String info) {
    Matcher used = HEAP_USED.matcher(info);
    long bytes = 0;
    while (used.find()) {
      bytes += KIB * Long.parseLong(used.group(1));
    }
    return bytes;
  }

  @Override
  public void close() {
    closed.set(true);
    LockSupport.unpark(watcher);
  }
}
