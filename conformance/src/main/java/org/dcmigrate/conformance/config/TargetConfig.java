package org.dcmigrate.conformance.config;

import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Claims;

/**
 * A peer under test that runs, and all that the tester is to it.
 *
 * @param cast who the tester is
 * @param claims the roles in which it is tested, with their levels
 * @param guest that the tester pretends to move
 * @param adapter command of the adapter, already prepared for this peer; none: empty
 */
public record TargetConfig(
    Cast cast, Claims claims, Optional<TestGuest> guest, List<String> adapter) {
  public TargetConfig {
    adapter = List.copyOf(adapter);
  }
}
