package org.dcmigrate.protocol;

/**
 * One choice of destination within a migration.
 *
 * @param migration the migration
 * @param epoch 1 for the first destination, one more for each redirect; fences off older messages
 */
public record Attempt(MigrationId migration, long epoch) {
  public Attempt {
    if (epoch < 1) {
      throw new IllegalArgumentException("epoch must be >= 1, but was " + epoch);
    }
  }

  @Override
  public String toString() {
    return migration + "/" + epoch;
  }
}
