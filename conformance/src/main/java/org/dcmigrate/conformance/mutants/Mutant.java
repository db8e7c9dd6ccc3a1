package org.dcmigrate.conformance.mutants;

import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;

/**
 * A peer with one deliberate fault.
 *
 * @param name what it does wrong
 * @param clause that it violates
 * @param killer the case that has to fail because of it; it cites the clause
 * @param says what the failure has to say
 * @param fault how a right peer is made to do so
 */
public record Mutant(String name, String clause, String killer, String says, Fault fault) {
  /** Whether it is a source, whose fault is in the calls that it makes. */
  public boolean isSource() {
    return killer.contains("/source/");
  }

  /** Whether its case kills the peer, which takes an adapter. */
  public boolean needsAdapter() {
    return killer.startsWith("restart/");
  }

  /** What is wrong in the calls that it makes. */
  Fault calls() {
    return isSource() ? fault : fault.calls();
  }
}
