package org.dcmigrate.peer.holder;

import java.io.IOException;
import java.util.Optional;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a holder holds of a guest on this machine: home, memory, bookkeeping, and the shell in which
 * it may come to run. Setting a shell up takes a while; whoever discards it meanwhile waits.
 */
final class HeldGuest {
  private static final Logger LOG = LoggerFactory.getLogger(HeldGuest.class);

  private final GuestMetadata metadata;
  private final GuestHome home;
  private final PageStore store;
  private Optional<GuestShell> shell = Optional.empty();
  private boolean givenAway;
  private boolean wiped;

  HeldGuest(GuestMetadata metadata, GuestHome home, PageDigest.Algorithm digest)
      throws DcmException {
    this.metadata = metadata;
    this.home = home;
    this.store = new PageStore(home, digest);
  }

  GuestMetadata metadata() {
    return metadata;
  }

  GuestHome home() {
    return home;
  }

  PageStore store() {
    return store;
  }

  synchronized void setUpShell(GuestAdapter adapter, String guestName) throws DcmException {
    discardShell();
    if (wiped) {
      throw new DcmException(Reason.ATTEMPT_DISCARDED, "the attempt was given up meanwhile");
    }
    shell = Optional.of(adapter.prepare(guestName, metadata, home));
  }

  synchronized void load(byte[] deviceState) throws DcmException {
    shellOrFail().load(deviceState);
  }

  /** Sets the guest running; from here on home and memory are the guest's. */
  synchronized Guest resume() throws DcmException {
    Guest guest = shellOrFail().resume();
    givenAway = true;
    store.close();
    return guest;
  }

  synchronized void discardShell() {
    shell.ifPresent(GuestShell::discard);
    shell = Optional.empty();
  }

  /** Deletes everything, unless the guest has taken it over. */
  synchronized void wipe() {
    if (givenAway || wiped) {
      return;
    }
    wiped = true;
    discardShell();
    store.close();
    home.close();
    try {
      GuestHome.delete(home.directory());
    } catch (IOException failed) {
      LOG.warn("{} cannot be deleted and stays: {}", home.directory(), failed.toString());
    }
  }

  private GuestShell shellOrFail() throws DcmException {
    return shell.orElseThrow(
        () -> new DcmException(Reason.ATTEMPT_DISCARDED, "the attempt was given up meanwhile"));
  }
}
