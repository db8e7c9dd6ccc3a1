package org.dcmigrate.protocol.decision;

/**
 * A choice that was proposed, or accepted, in a ballot.
 *
 * @param ballot from 0; the even ones are the destination's, the odd ones the source's
 */
public record Vote(long ballot, Choice choice) {
  /** What the grant lets the destination propose without having asked for promises. */
  public static final Vote GRANTED = new Vote(0, Choice.DESTINATION);

  /**
   * Above every ballot number that is asked in: what a witness has accepted that was told who owns
   * the guest.
   */
  public static final long MOST_BALLOTS = 1_000_000_000;
}
