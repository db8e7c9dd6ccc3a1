package org.dcmigrate.peer.source;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which peers a migration's source takes as contributors still. Whoever may have passed pages on
 * under a generation that the source never gave does not count as one any more (DCM-PLN-009).
 */
final class Trust {
  private static final Logger LOG = LoggerFactory.getLogger(Trust.class);

  private record Admission(PeerId destination, long epoch, List<PeerId> contributors) {}

  private final List<Admission> admissions = new ArrayList<>();
  private final Set<PeerId> distrusted = new HashSet<>();

  /**
   * Those of a redirect's contributors that are trusted; from the Open on they may write at the
   * destination.
   */
  synchronized List<PeerId> admit(PeerId destination, long epoch, List<PeerId> contributors) {
    List<PeerId> trusted =
        contributors.stream().filter(peer -> !distrusted.contains(peer)).toList();
    admissions.add(new Admission(destination, epoch, trusted));
    return trusted;
  }

  /** The inventory of this peer itself names such a generation. */
  synchronized void madeUpBy(PeerId peer) {
    distrust(peer, "its inventory names a generation that the source never gave");
  }

  /**
   * A destination was given pages under such a generation.
   *
   * @param lastEpoch in which it can have been: who was admitted later is not suspected
   */
  synchronized void madeUpAt(PeerId destination, long lastEpoch) {
    for (Admission admission : admissions) {
      if (admission.destination().equals(destination) && admission.epoch() <= lastEpoch) {
        for (PeerId peer : admission.contributors()) {
          distrust(
              peer,
              "%s, which it may write to since epoch %d, has a page of a generation that the source"
                      .formatted(destination, admission.epoch())
                  + " never gave");
        }
      }
    }
  }

  private void distrust(PeerId peer, String why) {
    if (distrusted.add(peer)) {
      LOG.warn("{} is no contributor any more: {}", peer, why);
    }
  }

  /**
   * Lets only a peer that is trusted contribute.
   *
   * @throws DcmException GENERATION_CONFLICT for another one
   */
  synchronized void require(PeerId peer) throws DcmException {
    if (distrusted.contains(peer)) {
      throw new DcmException(
          Reason.GENERATION_CONFLICT,
          "pages came up under a generation that the source never gave, so its pages are not used");
    }
  }
}
