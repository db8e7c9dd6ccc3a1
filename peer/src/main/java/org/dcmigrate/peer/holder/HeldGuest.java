package org.dcmigrate.peer.holder;

import java.io.IOException;
import java.util.Optional;
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
  private long shellEpoch;
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

  synchronized void setUpShell(GuestAdapter adapter, String guestName, long epoch)
      throws DcmException {
    if (wiped || epoch < shellEpoch) {
      throw new DcmException(Reason.ATTEMPT_DISCARDED, "the attempt was given up meanwhile");
    }
    discardShell();
    shellEpoch = epoch;
    shell = Optional.of(adapter.prepare(guestName, metadata, home));
  }

  synchronized void load(byte[] deviceState) throws DcmException {
    shellOrFail().load(deviceState);
  }

  /** Sets the guest running; from here on home and memory are the guest's. */
  synchronized GuestShell.Resumption resume() throws DcmException {
    GuestShell.Resumption resumption = shellOrFail().resume();
    if (resumption instanceof GuestShell.Resumption.Done) {
      givenAway = true;
      store.close();
    }
    return resumption;
  }

  /** Ends the shell of this epoch; one of a later epoch stays. */
  synchronized void discardShell(long epoch) {
    if (shellEpoch == epoch) {
      discardShell();
    }
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
