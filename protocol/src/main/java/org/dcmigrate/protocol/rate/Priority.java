package org.dcmigrate.protocol.rate;

/** How much of what a peer may send goes to a migration while others want it too. */
public enum Priority {
  LOW(1),
  NORMAL(4),
  HIGH(16);

  private final int weight;

  Priority(int weight) {
    this.weight = weight;
  }

  /** Migrations share in proportion to their weights. */
  public int weight() {
    return weight;
  }
}
