package org.dcmigrate.peer.holder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes what attempts that did not come to own their guest left behind when the peer died. */
final class Orphans {
  private static final Logger LOG = LoggerFactory.getLogger(Orphans.class);

  private Orphans() {}

  static void remove(Path directory, Journal.GuestEntry entry, List<GuestAdapter> adapters) {
    if (!Files.exists(directory)) {
      return;
    }
    try {
      if (!entry.geometry().blocks().isEmpty()) {
        try (GuestHome home = GuestHome.open(directory, entry.geometry())) {
          adapters.stream()
              .filter(adapter -> adapter.kind().equals(entry.kind()))
              .forEach(adapter -> adapter.discardOrphan(home));
        }
      }
      GuestHome.delete(directory);
      LOG.info("removed {} of an attempt that this peer did not finish", directory);
    } catch (IOException | DcmException failed) {
      LOG.warn("{} cannot be removed and stays: {}", directory, failed.toString());
    }
  }
}
