package org.dcmigrate.peer.guest;

import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.GuestMetadata;

/** Receives guests of one kind at a destination. */
public interface GuestAdapter {
  /** The kind, e.g. "qemu"; the capability is "guest." and this. */
  String kind();

  /**
   * Makes ready for a guest to arrive: checks that this peer can run it, and sets up what runs it,
   * standing still.
   *
   * @param home where the guest's files live; its memory files exist and are mapped
   * @throws DcmException GUEST_INCOMPATIBLE, GUEST_UNSUPPORTED or GUEST_FAILED; then nothing is
   *     left
   */
  GuestShell prepare(String guestName, GuestMetadata metadata, GuestHome home) throws DcmException;

  /**
   * For a peer that was restarted: finds the guest that it owns in its home.
   *
   * @param resume whether the guest is to be set running if it stands still, as the journal says
   *     that it was ours to run
   * @throws DcmException GUEST_FAILED when it is no longer there
   */
  Guest recover(String guestName, GuestHome home, boolean resume) throws DcmException;

  /**
   * For a peer that was restarted: finds the guest that was loaded in this home and still stands
   * still, waiting for the decision.
   *
   * @throws DcmException GUEST_FAILED when it is no longer there
   */
  GuestShell find(String guestName, GuestHome home) throws DcmException;

  /**
   * For a peer that was restarted: ends whatever was set up in this home by an attempt that did not
   * come to own its guest. The caller deletes the home.
   */
  void discardOrphan(GuestHome home);
}
