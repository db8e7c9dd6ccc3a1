package org.dcmigrate.peer.guest;

import java.time.Duration;
import java.util.Map;
import org.dcmigrate.protocol.DcmException;

/** A guest that runs at this peer. */
public interface Guest {
  /** Its name, unique at this peer. */
  String name();

  /**
   * What it is and how it is, asked now. Never fails: a guest out of reach says so in its state.
   */
  Info info();

  /**
   * Begins a migration: checks that the guest can be migrated and makes it emit its memory. The
   * guest keeps running.
   *
   * @throws DcmException GUEST_UNSUPPORTED or GUEST_FAILED; then nothing was changed
   */
  GuestSource beginMigration(Duration downtimeLimit) throws DcmException;

  /**
   * For a peer that was restarted: the guest as a finished or broken-off migration left it.
   *
   * @param paused whether its operator had paused it before, so that it is not to run when it is
   *     taken back
   * @throws DcmException GUEST_FAILED when it cannot be reached
   */
  StoppedGuest recover(boolean paused) throws DcmException;

  /** What operators see of a guest. */
  record Info(String kind, State state, long memoryBytes, Map<String, String> details) {}

  /** Whether a guest runs. */
  enum State {
    RUNNING,
    PAUSED,
    UNREACHABLE
  }
}
