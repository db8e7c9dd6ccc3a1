package org.dcmigrate.peer.guest;

import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;

/**
 * The place at a destination that a guest arrives in. Pages go into its home's memory meanwhile.
 */
public interface GuestShell {
  /**
   * Loads the device state. Memory is complete and verified. The guest stands still afterwards.
   *
   * @throws DcmException GUEST_FAILED or GUEST_INCOMPATIBLE
   */
  void load(byte[] deviceState) throws DcmException;

  /**
   * Sets the guest running (or leaves it paused where it was paused at the source).
   *
   * @throws DcmException GUEST_FAILED when it cannot be resumed, and may have run
   */
  Resumption resume() throws DcmException;

  /** What came of resuming a guest. */
  sealed interface Resumption {
    /** It is here. */
    record Done(Guest guest) implements Resumption {}

    /** It surely never ran and never will, and its process is ended: its source can have it. */
    record NeverRan(Failure why) implements Resumption {}
  }

  /** Ends what was set up; the home and its memory files stay. Can be called at any time, twice. */
  void discard();
}
