package org.dcmigrate.peer.transfer;

import java.util.function.UnaryOperator;
import org.dcmigrate.protocol.rate.FairLimiter;
import org.dcmigrate.protocol.rate.Share;

/** What one migration sends from this peer, under its own limit and priority. */
public final class EgressFlow implements AutoCloseable {
  private final EgressLimiter limiter;
  private final EgressLimiter.Owner owner;
  private final FairLimiter.Flow core;

  EgressFlow(EgressLimiter limiter, EgressLimiter.Owner owner, FairLimiter.Flow core) {
    this.limiter = limiter;
    this.owner = owner;
    this.core = core;
  }

  /** The limit and priority in force. */
  public Share share() {
    return limiter.share(this);
  }

  /** Changes limit and priority, also for what waits already. */
  public void change(UnaryOperator<Share> how) {
    limiter.change(this, how);
  }

  /** The migration sends no more from here. Repeating it is harmless. */
  @Override
  public void close() {
    limiter.close(this);
  }

  /** For one transfer. */
  EgressCredit credit() {
    return new EgressCredit(limiter.new Turn(core));
  }

  EgressLimiter.Owner owner() {
    return owner;
  }

  FairLimiter.Flow core() {
    return core;
  }
}
