package org.dcmigrate.bench;

/**
 * Bytes that went from one process to another.
 *
 * @param cpuSeconds of both ends; 0: not known
 */
record Moved(long bytes, double seconds, double cpuSeconds) {
  private static final double GIB = 1 << 30;

  double bytesPerSecond() {
    return bytes / seconds;
  }

  double cpuSecondsPerGib() {
    return cpuSeconds / (bytes / GIB);
  }
}
