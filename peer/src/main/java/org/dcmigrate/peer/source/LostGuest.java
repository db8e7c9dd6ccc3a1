package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.Map;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestSource;
import org.dcmigrate.peer.guest.StoppedGuest;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/** A guest that the journal speaks of and that this peer cannot find after its restart. */
record LostGuest(String name) implements Guest {
  @Override
  public Info info() {
    return new Info("unknown", State.UNREACHABLE, 0, Map.of());
  }

  @Override
  public GuestSource beginMigration(Duration downtimeLimit) throws DcmException {
    throw lost();
  }

  @Override
  public StoppedGuest recover(boolean paused) throws DcmException {
    throw lost();
  }

  private DcmException lost() {
    return new DcmException(
        Reason.GUEST_FAILED,
        "guest "
            + name
            + " was not found after the restart of its peer; is it in the configuration?");
  }
}
