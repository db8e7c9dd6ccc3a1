package org.dcmigrate.protocol.decision;

import java.util.Optional;

/** What an acceptor answers. */
public sealed interface Answer {
  /** The ballot that was asked in. */
  long ballot();

  /** Nothing of a lower ballot will be accepted. {@code accepted}: what was, last. */
  record Promised(long ballot, Optional<Vote> accepted) implements Answer {}

  /** The vote of this ballot is accepted. */
  record Accepted(long ballot) implements Answer {}

  /** A higher ballot was promised before. */
  record Refused(long ballot, long promised) implements Answer {}
}
