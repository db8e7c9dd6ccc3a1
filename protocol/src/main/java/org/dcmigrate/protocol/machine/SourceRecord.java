package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;

/** What a source keeps on disk of a migration, in the order of writing. */
public sealed interface SourceRecord {
  /** An attempt is about to be opened. {@code holders}: peers that may hold pages by then. */
  record AttemptOpened(long epoch, PeerId to, List<PeerId> holders) implements SourceRecord {
    public AttemptOpened {
      holders = List.copyOf(holders);
    }
  }

  /** A peer is about to be asked to witness the decision. */
  record WitnessAsked(long epoch, PeerId peer) implements SourceRecord {}

  /**
   * The destination may have it decided that it owns the guest. From here on the guest comes back
   * only by a decision, or by the destination's word that it does not own the guest.
   */
  record Granted(long epoch, PeerId to, long memoryDigest, Optional<PeerId> witness)
      implements SourceRecord {}

  /** What this peer is about to act on, by whatever way it came to know it. */
  record Decided(long epoch, Choice choice) implements SourceRecord {}

  /** The migration has ended. */
  record Ended(SourceState.Result result) implements SourceRecord {}
}
