package org.dcmigrate.peer.guest.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** What a test guest printed on its serial line, in a file that grows. */
public final class SerialLog {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path file;

  /** The log in this file, which may not exist yet. */
  public SerialLog(Path file) {
    this.file = file;
  }

  /** All complete lines. */
  public List<String> lines() {
    try {
      if (!Files.exists(file)) {
        return List.of();
      }
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(String::strip).toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** The number of the last tick that was printed, 0 before the first. */
  public long lastTick() {
    return lines().reversed().stream()
        .filter(line -> line.startsWith("T "))
        .findFirst()
        .map(line -> Long.parseLong(line.substring(2)))
        .orElse(0L);
  }

  /** The number of the first tick that was printed, 0 where there is none. */
  public long firstTick() {
    return lines().stream()
        .filter(line -> line.startsWith("T "))
        .findFirst()
        .map(line -> Long.parseLong(line.substring(2)))
        .orElse(0L);
  }

  /** Waits for a tick after this one. */
  public void awaitTickAfter(long tick) {
    await(lines -> lastTick() > tick, "a tick after " + tick);
  }

  /** Waits for some more ticks, and gives the last one. */
  public long awaitTicks(int count) {
    long from = lastTick();
    awaitTickAfter(from + count - 1);
    return lastTick();
  }

  /** Waits until no tick has come for so long. */
  public void awaitSilence(Duration length) {
    long deadlineNs = System.nanoTime() + PATIENCE.toNanos();
    long last = lastTick();
    long sinceNs = System.nanoTime();
    while (System.nanoTime() - sinceNs <= length.toNanos()) {
      if (System.nanoTime() > deadlineNs) {
        throw new AssertionError("the guest goes on ticking; its last tick: " + last);
      }
      LockSupport.parkNanos(2_000_000);
      long tick = lastTick();
      if (tick != last) {
        last = tick;
        sinceNs = System.nanoTime();
      }
    }
  }

  /** Waits for a line. */
  public void awaitLine(String wanted) {
    await(lines -> lines.contains(wanted), "line " + wanted);
  }

  /** Waits until the lines are as wanted; fails with the last of them. */
  public void await(Predicate<List<String>> wanted, String what) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!wanted.test(lines())) {
      if (System.nanoTime() > deadline) {
        List<String> lines = lines();
        throw new AssertionError(
            "the guest did not print %s; the last it printed: %s"
                .formatted(what, lines.subList(Math.max(0, lines.size() - 5), lines.size())));
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  /** Fails when the guest found that its memory was not what it had written. */
  public void assertSound() {
    List<String> bad = lines().stream().filter(line -> line.startsWith("BAD")).toList();
    if (!bad.isEmpty()) {
      throw new AssertionError("the guest found its memory wrong: " + bad);
    }
  }
}
