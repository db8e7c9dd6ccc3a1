package org.dcmigrate.protocol.forecast;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * A mean rate over the last seconds in which it was measured. A window rather than a fading mean:
 * what is older than the window has no weight at all, so that a step is fully seen after it, while
 * bursts within it (chunks, acknowledgements in groups, the limiter's turns) even out.
 */
final class SlidingRate {
  static final long WINDOW_NS = TimeUnit.SECONDS.toNanos(3);
  private static final double SECOND_NS = 1e9;

  private record Piece(double amount, long tookNs) {}

  private final Deque<Piece> pieces = new ArrayDeque<>();
  private long spentNs;

  void add(long amount, long tookNs) {
    note((double) amount, tookNs);
  }

  void addRate(long perSecond, long tookNs) {
    note(perSecond * (tookNs / SECOND_NS), tookNs);
  }

  private void note(double amount, long tookNs) {
    pieces.addLast(new Piece(amount, tookNs));
    spentNs += tookNs;
    while (spentNs - pieces.getFirst().tookNs() >= WINDOW_NS) {
      spentNs -= pieces.removeFirst().tookNs();
    }
  }

  long measuredNs() {
    return spentNs;
  }

  double perSecond() {
    double amount = 0;
    for (Piece piece : pieces) {
      amount += piece.amount();
    }
    return spentNs == 0 ? 0 : amount * SECOND_NS / spentNs;
  }

  void reset() {
    pieces.clear();
    spentNs = 0;
  }
}
