package org.dcmigrate.peer;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * What work takes of the heap, counted and not sampled. The module's tests run without escape
 * analysis, so that nothing of it depends on what has been compiled.
 */
public final class Allocated {
  private static final int TIMES = 50;

  private Allocated() {}

  /** Work on so many pages. */
  @FunctionalInterface
  public interface Work {
    /** Does it for the so-many-th time. */
    void on(int pages, int time) throws Exception;
  }

  /** Bytes of each page, in work on many pages beyond what work on a few takes. */
  public static double bytesPerPage(Work work, int few, int many) throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] bytes = new long[2];
    int time = 0;
    // The first turn loads classes, and counts nothing.
    for (int turn = 0; turn < 2; turn++) {
      for (int size = 0; size < 2; size++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < TIMES; i++) {
          work.on(size == 0 ? few : many, time++);
        }
        bytes[size] = threads.getCurrentThreadAllocatedBytes() - before;
      }
    }
    return (double) (bytes[1] - bytes[0]) / TIMES / (many - few);
  }
}
