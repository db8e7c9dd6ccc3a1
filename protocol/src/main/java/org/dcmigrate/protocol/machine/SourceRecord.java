package org.dcmigrate.protocol.machine;

import java.util.List;
import org.dcmigrate.protocol.PeerId;

/** What a source keeps on disk of a migration, in the order of writing. */
public sealed interface SourceRecord {
  /** An attempt is about to be opened. {@code holders}: peers that may hold pages by then. */
  record AttemptOpened(long epoch, PeerId to, List<PeerId> holders) implements SourceRecord {
    public AttemptOpened {
      holders = List.copyOf(holders);
    }
  }

  /** The guest is given away: from here on only the destination's word brings it back. */
  record Granted(long epoch, PeerId to, long memoryDigest) implements SourceRecord {}

  /** The migration has ended. */
  record Ended(SourceState.Result result) implements SourceRecord {}
}
