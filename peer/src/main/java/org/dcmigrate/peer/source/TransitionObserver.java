package org.dcmigrate.peer.source;

import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.machine.SourceState;

/**
 * Is told of each change of a migration's state, before what follows from it is done: what the
 * observer looks at stands still until it returns.
 */
public interface TransitionObserver {
  /** Looks away. */
  TransitionObserver NONE = (migration, before, after) -> {};

  /** The state has changed. */
  void changed(MigrationId migration, SourceState before, SourceState after);
}
