package org.dcmigrate.peer.transfer;

import java.util.function.BooleanSupplier;

/**
 * What a transfer may still send without a word to the limiter, so that small chunks do not each
 * take its lock. Used by one thread.
 */
final class EgressCredit {
  private final EgressLimiter.Turn turn;
  private long bytes;

  EgressCredit(EgressLimiter.Turn turn) {
    this.turn = turn;
  }

  /**
   * Waits until bytes may go out.
   *
   * @param abandoned looked at while waiting
   * @return whether they may; false when abandoned
   */
  boolean take(long wanted, BooleanSupplier abandoned) throws InterruptedException {
    if (wanted > bytes) {
      long granted = turn.take(wanted - bytes, abandoned);
      if (granted == 0) {
        return false;
      }
      bytes += granted;
    }
    bytes -= wanted;
    return true;
  }
}
