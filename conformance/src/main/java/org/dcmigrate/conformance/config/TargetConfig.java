package org.dcmigrate.conformance.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;

/**
 * A peer under test that runs, and all that the tester is to it.
 *
 * @param endpoint where it listens
 * @param identity who it is
 * @param claims the roles in which it is tested, with their levels
 * @param capabilities that it has to name in GetPeer
 * @param first the tester as source, and as the first destination
 * @param second the tester as the second destination
 * @param witness the tester as witness, and as a third destination
 * @param operator the tester as operator
 * @param guest that the tester pretends to move
 * @param silence after which the target regards a peer as lost that does not answer
 * @param adapter command of the adapter, already prepared for this peer; none: empty
 */
public record TargetConfig(
    String endpoint,
    PeerId identity,
    Claims claims,
    List<String> capabilities,
    Persona first,
    Persona second,
    Persona witness,
    Security operator,
    Optional<TestGuest> guest,
    Duration silence,
    List<String> adapter) {
  /** The longest silence of a target that says nothing about it. */
  public static final Duration SILENCE = Duration.ofSeconds(15);

  public TargetConfig {
    capabilities = List.copyOf(capabilities);
    adapter = List.copyOf(adapter);
  }
}
