package org.dcmigrate.protocol.decision;

/** What can be decided of an attempt. */
public enum Choice {
  /** The source takes the guest back. */
  SOURCE,
  /** The destination owns the guest. */
  DESTINATION
}
