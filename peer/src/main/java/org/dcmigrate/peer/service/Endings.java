package org.dcmigrate.peer.service;

import java.util.Optional;
import org.dcmigrate.peer.holder.Holder;
import org.dcmigrate.peer.holder.Holders;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;

/** Abort and Release: one meaning for a peer that holds something, in whichever role. */
final class Endings {
  private Endings() {}

  /** Forgets a migration; one that this peer does not know is forgotten already. */
  static void forget(Holders holders, Attempt attempt, PeerId caller) throws DcmException {
    Optional<Holder> holder = holders.find(attempt.migration());
    if (holder.isPresent()) {
      holder.get().requireSource(caller);
      holder.get().forget(attempt.epoch());
    }
  }
}
