package org.dcmigrate.protocol.forecast;

/** How a transfer goes. */
public enum Verdict {
  /** Bandwidth or dirty rate are not known yet. */
  MEASURING,
  /** What is left shrinks, or fits into the downtime limit already. */
  CONVERGING,
  /** It shrinks, but the guest's writing takes at least about half of the bandwidth. */
  SLOW,
  /** The guest writes about as fast as pages get across, or faster. */
  NOT_CONVERGING,
  /** Pages are under way, and nothing has been acknowledged or relayed for seconds. */
  STALLED,
  /** Contributors need longer than the source. */
  WAITING_FOR_RELAY
}
