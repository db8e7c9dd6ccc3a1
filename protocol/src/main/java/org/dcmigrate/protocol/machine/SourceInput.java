package org.dcmigrate.protocol.machine;

import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;

/**
 * What can happen to a source. Inputs that belong to an attempt carry its epoch; those of an epoch
 * that is over change nothing.
 */
public sealed interface SourceInput {
  /** The operator asks for another destination. */
  record RedirectAsked(PeerId to) implements SourceInput {}

  /** The operator asks to cancel. */
  record CancelAsked() implements SourceInput {}

  /** The peer asked has become the destination of this epoch. */
  record OpenAccepted(long epoch) implements SourceInput {}

  /** The destination has taken the metadata, and the guest's shell is ready there. */
  record MetadataAccepted(long epoch) implements SourceInput {}

  /**
   * The peer asked does not become the destination: refused, unreachable, or cannot run the guest.
   */
  record OpenRefused(long epoch, Failure failure) implements SourceInput {}

  /** An old destination has stopped receiving and told what it holds. */
  record Detached(long epoch, PeerId peer) implements SourceInput {}

  /** Everything that the contributor was asked to relay has arrived. */
  record ContributorDrained(long epoch, PeerId peer) implements SourceInput {}

  /** The contributor is gone, or cannot reach the destination. */
  record ContributorLost(long epoch, PeerId peer, Failure failure) implements SourceInput {}

  /**
   * The destination's inventory was compared; what no contributor owes was queued and has arrived.
   */
  record Reconciled(long epoch) implements SourceInput {}

  /** The destination is gone before the commit. */
  record DestinationLost(long epoch, Failure failure) implements SourceInput {}

  /**
   * The guest stands still, and its last pages have arrived at the destination of this epoch; or
   * they are not going to, since sending to it was stopped meanwhile.
   */
  record GuestStopped(long epoch) implements SourceInput {}

  /** The guest cannot be migrated on; it runs at the source where it can. */
  record GuestFailed(Failure failure) implements SourceInput {}

  /** The stopped guest is gone, so that there is nothing at the source to take back. */
  record GuestLost() implements SourceInput {}

  /** The destination is complete, verified and loaded. */
  record Prepared(long epoch, long memoryDigest) implements SourceInput {}

  /** The destination's memory has another digest. */
  record Incomplete(long epoch) implements SourceInput {}

  /** What differed was sent again. */
  record Repaired(long epoch) implements SourceInput {}

  /** The destination cannot verify or load the guest. */
  record PrepareFailed(long epoch, Failure failure) implements SourceInput {}

  /** The guest was given away and cannot resume by itself. */
  record GuestSealed(long epoch) implements SourceInput {}

  /** The guest could not be given away; it runs on at the source. */
  record SealFailed(long epoch, Failure failure) implements SourceInput {}

  /** The destination owns and runs the guest. */
  record Running(long epoch) implements SourceInput {}

  /**
   * The destination says that it does not own the guest and never will in this epoch. Any other
   * trouble with the commit is {@link CommitLost}: this one sets the guest running at the source.
   */
  record CommitRefused(long epoch, Failure failure) implements SourceInput {}

  /** The commit was sent, and no answer came, or one that leaves open who owns the guest. */
  record CommitLost(long epoch, Failure failure) implements SourceInput {}

  /** A peer has agreed to witness the decision of this epoch. */
  record WitnessAppointed(long epoch, PeerId peer) implements SourceInput {}

  /** A peer does not witness the decision of this epoch. */
  record WitnessRefused(long epoch, PeerId peer, Failure failure) implements SourceInput {}

  /** An acceptor, perhaps this peer's own, has answered. */
  record Answered(long epoch, PeerId from, Answer answer) implements SourceInput {}

  /** The operator decides, and has made sure that the other side never runs the guest. */
  record ResolveAsked(Choice choice) implements SourceInput {}

  /** Time has passed. */
  record Tick() implements SourceInput {}
}
