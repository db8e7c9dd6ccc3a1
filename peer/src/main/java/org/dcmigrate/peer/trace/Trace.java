package org.dcmigrate.peer.trace;

import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.trace.Transition;

/**
 * Is told of each step of each machine of this peer, once what the step wrote is on disk and before
 * anything else of it is done. Steps that changed nothing and had nothing done are told, too.
 */
public interface Trace {
  /** Looks away. */
  Trace NONE = (migration, transition) -> {};

  /** A machine has taken a step. */
  void stepped(MigrationId migration, Transition transition);
}
