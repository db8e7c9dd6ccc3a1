package org.dcmigrate.peer.transfer;

import java.util.UUID;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.rate.Share;

/** Flows for tests of what is not the limiter. */
final class Flows {
  private Flows() {}

  static EgressLimiter.Owner owner(String guest) {
    return new EgressLimiter.Owner(
        new MigrationId(UUID.randomUUID()), guest, EgressLimiter.Role.SOURCE);
  }

  static EgressFlow unlimited() {
    return new EgressLimiter(0, System::nanoTime).open(owner("vm"), Share.NORMAL);
  }
}
