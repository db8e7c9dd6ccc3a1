package org.dcmigrate.peer.guest;

import org.dcmigrate.protocol.DcmException;

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

  /** Sets the guest running (or leaves it paused where it was paused at the source). */
  Guest resume() throws DcmException;

  /** Ends what was set up; the home and its memory files stay. Can be called at any time, twice. */
  void discard();
}
