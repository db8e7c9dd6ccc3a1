package org.dcmigrate.protocol.machine;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.PeerId;

/**
 * How much may happen in one exploration.
 *
 * @param witness whom the operator names
 * @param redirects where the operator redirects to, in this order, at whatever time
 * @param cancels how often the operator cancels
 * @param faults how many faults a run has at most
 * @param kinds which faults
 * @param restarts whether a dead peer comes back; if not, its death is for good
 * @param mostBallot no proposer begins a ballot above this one
 */
record Bounds(
    String name,
    Optional<PeerId> witness,
    List<PeerId> redirects,
    int cancels,
    int faults,
    Set<Kind> kinds,
    boolean restarts,
    long mostBallot) {
  /** What can go wrong. */
  enum Kind {
    /** The source dies, between two steps or between two outputs of one. */
    SOURCE_CRASH,
    /** Another peer dies so. */
    HOLDER_CRASH,
    /** A request is lost, and its caller hears that it failed. */
    LOST_REQUEST,
    /** The callee acts, and its caller hears that the call failed. */
    LOST_REPLY,
    /** The caller hears that the call failed, and the request arrives later. */
    LATE_REQUEST,
    /** The source takes a peer for lost that is there. */
    SILENCE,
    /** A holder's lease ends although its source lives. */
    LEASE,
    /** A holder's own work fails, or the guest cannot be sealed. */
    WORK,
    /** Memory is found different once. */
    DIFFERENCE,
    /** The hypervisor of the source's guest reports a failure. */
    GUEST,
    /** A holder is shut down in order. */
    SHUTDOWN
  }

  Bounds {
    redirects = List.copyOf(redirects);
    kinds = Set.copyOf(kinds);
  }

  static Bounds plain(String name) {
    return new Bounds(name, Optional.empty(), List.of(), 0, 0, EnumSet.noneOf(Kind.class), true, 3);
  }

  Bounds with(PeerId named) {
    return new Bounds(
        name, Optional.of(named), redirects, cancels, faults, kinds, restarts, mostBallot);
  }

  Bounds redirect(PeerId... to) {
    return new Bounds(name, witness, List.of(to), cancels, faults, kinds, restarts, mostBallot);
  }

  Bounds cancel(int most) {
    return new Bounds(name, witness, redirects, most, faults, kinds, restarts, mostBallot);
  }

  Bounds faults(int most, Collection<Kind> which) {
    return new Bounds(
        name, witness, redirects, cancels, most, EnumSet.copyOf(which), restarts, mostBallot);
  }

  Bounds forGood() {
    return new Bounds(name, witness, redirects, cancels, faults, kinds, false, mostBallot);
  }

  Bounds ballots(long most) {
    return new Bounds(name, witness, redirects, cancels, faults, kinds, restarts, most);
  }
}
