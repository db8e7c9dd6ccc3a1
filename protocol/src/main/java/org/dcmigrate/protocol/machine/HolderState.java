package org.dcmigrate.protocol.machine;

import java.util.List;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Proposer;

/**
 * Where a peer that holds pages of a migration stands: in the destination's or an old one's role.
 */
public sealed interface HolderState {
  /** The highest epoch seen; messages of an older one change nothing. */
  long epoch();

  /** The destination's role. */
  sealed interface Destination extends HolderState {}

  /** Opened; no metadata yet. */
  record Opened(long epoch, PeerId source, List<PeerId> contributors, boolean settingUp)
      implements Destination {
    public Opened {
      contributors = List.copyOf(contributors);
    }
  }

  /** Receives pages from the source and the contributors. */
  record Receiving(long epoch, PeerId source, List<PeerId> contributors) implements Destination {
    public Receiving {
      contributors = List.copyOf(contributors);
    }
  }

  /** Verifies memory, then loads the device state. */
  record Preparing(
      long epoch, PeerId source, List<PeerId> contributors, long memoryDigest, boolean verified)
      implements Destination {
    public Preparing {
      contributors = List.copyOf(contributors);
    }
  }

  /** Complete, verified, loaded. Waits for the grant. */
  record Prepared(long epoch, long memoryDigest) implements Destination {}

  /**
   * Has the grant, and has it decided that this peer owns the guest. From here on there is no
   * lease: only the decision, or the source's word, ends this state.
   *
   * @param found whether the guest stands ready; after a restart that has to be seen first
   * @param rounds how often the acceptors were asked again
   */
  record Deciding(long epoch, long memoryDigest, Proposer proposer, boolean found, int rounds)
      implements Destination {}

  /** Whether an owned guest runs. */
  enum Resumption {
    /** It is being resumed. */
    UNDER_WAY,
    /** It could not be resumed, and may have run. */
    FAILED,
    /** It runs, or ran and has left this peer since. */
    DONE
  }

  /** Owns the guest. */
  record Owned(long epoch, long memoryDigest, Resumption resumption) implements Destination {}

  /** The old destination's role. */
  sealed interface Contributor extends HolderState {}

  /** Keeps its pages; what to relay is not known yet. */
  record Detached(long epoch, PeerId newDestination) implements Contributor {}

  /** Relays. */
  record Relaying(long epoch, PeerId newDestination) implements Contributor {}

  /** All that was asked for has arrived at the new destination. */
  record Drained(long epoch, PeerId newDestination) implements Contributor {}

  /** The relay failed; the pages are kept. */
  record RelayFailed(long epoch, PeerId newDestination, Failure why) implements Contributor {}

  /** Holds nothing any more, and never owns the guest in this or an older epoch. */
  record Forgotten(long epoch, Failure why) implements HolderState {}
}
