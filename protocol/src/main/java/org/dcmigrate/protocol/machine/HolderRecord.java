package org.dcmigrate.protocol.machine;

import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Electorate;

/** What a holder keeps on disk of a migration. */
public sealed interface HolderRecord {
  /** The epoch. */
  long epoch();

  /** Became destination. */
  record OpenedAs(long epoch, PeerId source) implements HolderRecord {}

  /** Complete, verified, loaded. */
  record PreparedWith(long epoch, long memoryDigest) implements HolderRecord {}

  /**
   * Took the grant. Where there is a witness, this is also the vote of this peer's own acceptor in
   * ballot 0.
   */
  record GrantedWith(long epoch, long memoryDigest, Electorate electorate)
      implements HolderRecord {}

  /** Owns the guest: it is decided. */
  record OwnedWith(long epoch, long memoryDigest) implements HolderRecord {}

  /** The guest that was owned has left this peer: quit, or migrated on. */
  record GuestLeft(long epoch, long memoryDigest) implements HolderRecord {}

  /** Stopped being the destination. */
  record Retired(long epoch, PeerId newDestination) implements HolderRecord {}

  /** Gave up or was told to forget: never owns the guest in this or an older epoch. */
  record Forgot(long epoch) implements HolderRecord {}
}
