package org.dcmigrate.peer.config;

import java.time.Duration;

/**
 * How long things may take.
 *
 * @param lease after which a peer that is not asked for gives an attempt up
 * @param open for the answer of a peer that is asked to become the destination, shell included
 * @param contributorSilence after which an old destination that does not answer counts as lost
 * @param destinationSilence after which a destination that does not answer counts as lost
 * @param parked for the operator to redirect a migration that has no destination
 * @param switchover for each answer in a switchover
 * @param sendStall after which a stream of pages that does not move counts as broken
 * @param guestSetUp for a guest's own migration to be set up at its source
 */
public record Timeouts(
    Duration lease,
    Duration open,
    Duration contributorSilence,
    Duration destinationSilence,
    Duration parked,
    Duration switchover,
    Duration sendStall,
    Duration guestSetUp) {
  /** What holds where the configuration says nothing. */
  public static final Timeouts DEFAULT =
      new Timeouts(
          Duration.ofSeconds(30),
          Duration.ofSeconds(20),
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofMinutes(10),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofSeconds(60));
}
