package org.dcmigrate.peer.source;

import java.util.ArrayDeque;
import java.util.Deque;

/** Counts what has flowed, and how fast over the last second. */
final class ProgressMeter {
  private static final long WINDOW_NS = 1_000_000_000L;

  private record Sample(long atNs, long sourceBytes, long contributorBytes) {}

  private final Deque<Sample> samples = new ArrayDeque<>();
  private long sourceBytes;
  private long sourceSavedBytes;
  private long contributorBytes;

  synchronized void sourceSent(long contentBytes, long wireBytes) {
    sourceBytes += contentBytes;
    sourceSavedBytes += contentBytes - wireBytes;
  }

  synchronized void contributorsSent(long total) {
    contributorBytes = total;
  }

  /** Takes a sample; to be called a few times a second. */
  synchronized void sample(long nowNs) {
    samples.addLast(new Sample(nowNs, sourceBytes, contributorBytes));
    while (samples.size() > 2 && nowNs - samples.getFirst().atNs() > WINDOW_NS) {
      samples.removeFirst();
    }
  }

  synchronized long sourceBytes() {
    return sourceBytes;
  }

  synchronized long sourceSavedBytes() {
    return sourceSavedBytes;
  }

  synchronized long contributorBytes() {
    return contributorBytes;
  }

  synchronized long sourceBytesPerSecond() {
    return rate(samples.size() < 2 ? 0 : samples.getLast().sourceBytes - first().sourceBytes);
  }

  synchronized long contributorBytesPerSecond() {
    return rate(
        samples.size() < 2 ? 0 : samples.getLast().contributorBytes - first().contributorBytes);
  }

  private Sample first() {
    return samples.getFirst();
  }

  private long rate(long bytes) {
    if (samples.size() < 2) {
      return 0;
    }
    long elapsedNs = samples.getLast().atNs - first().atNs;
    return elapsedNs <= 0 ? 0 : Math.max(0, (long) (bytes * 1e9 / elapsedNs));
  }
}
