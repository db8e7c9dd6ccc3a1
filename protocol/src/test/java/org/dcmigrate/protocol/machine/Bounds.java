package org.dcmigrate.protocol.machine;

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
 * @param resolutions how often the operator resolves, with the other side fenced
 * @param faults how many faults a run has at most
 * @param kinds which faults
 * @param restarts whether a dead peer comes back; if not, its death is for good
 * @param mostBallot no proposer begins a ballot above this one
 * @param decides but one that the other side does not outbid at this time does
 * @param toGrant nothing is looked at after the grant
 */
record Bounds(
    String name,
    Optional<PeerId> witness,
    List<PeerId> redirects,
    int cancels,
    int resolutions,
    int faults,
    Set<Kind> kinds,
    boolean restarts,
    long mostBallot,
    boolean decides,
    boolean toGrant) {
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
    /**
     * The hypervisor of the source's guest fails; after the grant the guest is lost, with its peer
     * or without.
     */
    GUEST,
    /** A holder is shut down in order. */
    SHUTDOWN
  }

  Bounds {
    redirects = List.copyOf(redirects);
    kinds = Set.copyOf(kinds);
  }

  static Bounds plain(String name) {
    return new Bounds(
        name,
        Optional.empty(),
        List.of(),
        0,
        0,
        0,
        EnumSet.noneOf(Kind.class),
        true,
        3,
        false,
        false);
  }

  Bounds with(PeerId named) {
    return new Bounds(
        name,
        Optional.of(named),
        redirects,
        cancels,
        resolutions,
        faults,
        kinds,
        restarts,
        mostBallot,
        decides,
        toGrant);
  }

  Bounds redirect(PeerId... to) {
    return new Bounds(
        name,
        witness,
        List.of(to),
        cancels,
        resolutions,
        faults,
        kinds,
        restarts,
        mostBallot,
        decides,
        toGrant);
  }

  Bounds cancel(int most) {
    return new Bounds(
        name,
        witness,
        redirects,
        most,
        resolutions,
        faults,
        kinds,
        restarts,
        mostBallot,
        decides,
        toGrant);
  }

  Bounds resolve(int most) {
    return new Bounds(
        name,
        witness,
        redirects,
        cancels,
        most,
        faults,
        kinds,
        restarts,
        mostBallot,
        decides,
        toGrant);
  }

  Bounds faults(int most, Set<Kind> which) {
    return new Bounds(
        name,
        witness,
        redirects,
        cancels,
        resolutions,
        most,
        which,
        restarts,
        mostBallot,
        decides,
        toGrant);
  }

  Bounds forGood() {
    return new Bounds(
        name,
        witness,
        redirects,
        cancels,
        resolutions,
        faults,
        kinds,
        false,
        mostBallot,
        decides,
        toGrant);
  }

  Bounds ballots(long most) {
    return new Bounds(
        name,
        witness,
        redirects,
        cancels,
        resolutions,
        faults,
        kinds,
        restarts,
        most,
        false,
        toGrant);
  }

  /** Ballots above this one only for a side that the other cannot outbid again. */
  Bounds decides(long most) {
    return new Bounds(
        name,
        witness,
        redirects,
        cancels,
        resolutions,
        faults,
        kinds,
        restarts,
        most,
        true,
        toGrant);
  }

  /** What comes after the grant is left out. */
  Bounds onlyToGrant() {
    return new Bounds(
        name,
        witness,
        redirects,
        cancels,
        resolutions,
        faults,
        kinds,
        restarts,
        mostBallot,
        decides,
        true);
  }
}
