package org.dcmigrate.conformance.play;

import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;

/**
 * Who the tester is to a target. Cases that need somebody who is not there do not apply.
 *
 * @param endpoint of the target
 * @param target who it is
 * @param first the tester as source, as destination that relays go to, and as first destination of
 *     a source under test
 * @param second another peer: witness of the tester's own migrations, second destination
 * @param witness of a source under test, and its third destination
 * @param operator of the target
 * @param authority the target's own, with its key
 * @param adapter of the target
 * @param silence after which the target regards a peer as lost that does not answer
 * @param declared what the target says of itself
 */
public record Cast(
    String endpoint,
    PeerId target,
    Persona first,
    Optional<Persona> second,
    Optional<Persona> witness,
    Optional<Security> operator,
    Optional<Authority> authority,
    Optional<Adapter> adapter,
    Duration silence,
    Declared declared) {
  /** The longest silence of a target that says nothing about it. */
  public static final Duration SILENCE = Duration.ofSeconds(15);

  /** Of a target that says nothing of itself. */
  public Cast(
      String endpoint,
      PeerId target,
      Persona first,
      Optional<Persona> second,
      Optional<Persona> witness,
      Optional<Security> operator,
      Optional<Authority> authority,
      Optional<Adapter> adapter,
      Duration silence) {
    this(
        endpoint,
        target,
        first,
        second,
        witness,
        operator,
        authority,
        adapter,
        silence,
        Declared.NOTHING);
  }

  /** The same with an adapter. */
  public Cast with(Adapter started) {
    return new Cast(
        endpoint,
        target,
        first,
        second,
        witness,
        operator,
        authority,
        Optional.of(started),
        silence,
        declared);
  }

  /** The same of a target that says this of itself. */
  public Cast declaring(Declared said) {
    return new Cast(
        endpoint, target, first, second, witness, operator, authority, adapter, silence, said);
  }

  /** The same as callers of what stands in front of the target, without TLS. */
  Cast through(String front) {
    return new Cast(
        front,
        target,
        first.plaintext(),
        second.map(Persona::plaintext),
        witness.map(Persona::plaintext),
        // What stands in front is the tester's own peer to the target, whoever calls it.
        operator.map(security -> first.plaintext().security()),
        Optional.empty(),
        adapter,
        silence,
        declared);
  }
}
