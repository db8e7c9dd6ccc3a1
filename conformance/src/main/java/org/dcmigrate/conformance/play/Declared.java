package org.dcmigrate.conformance.play;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a target says of itself, outside of the protocol.
 *
 * @param capabilities that it names in GetPeer, where it says so
 * @param source whether it claims to be a source, which serves operators
 */
public record Declared(Optional<Set<String>> capabilities, boolean source) {
  /** A target that says nothing is taken for everything. */
  public static final Declared NOTHING = new Declared(Optional.empty(), true);

  public Declared {
    capabilities = capabilities.map(Set::copyOf);
  }

  /** A target with exactly these capabilities. */
  public static Declared of(List<String> capabilities, boolean source) {
    return new Declared(Optional.of(Set.copyOf(capabilities)), source);
  }
}
