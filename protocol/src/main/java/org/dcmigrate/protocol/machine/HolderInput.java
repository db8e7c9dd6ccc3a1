package org.dcmigrate.protocol.machine;

import java.util.List;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;

/** What can happen to a peer that holds pages of a migration. */
public sealed interface HolderInput {
  /** The source makes this peer the destination of an epoch. */
  record OpenAsked(long epoch, PeerId source, List<PeerId> contributors) implements HolderInput {
    public OpenAsked {
      contributors = List.copyOf(contributors);
    }
  }

  /** The metadata batch is complete. */
  record MetadataArrived(long epoch) implements HolderInput {}

  /** The guest's shell stands ready. */
  record ShellReady(long epoch) implements HolderInput {}

  /** This peer cannot run the guest. */
  record ShellFailed(long epoch, Failure failure) implements HolderInput {}

  /** A peer wants to send pages. */
  record TransferAsked(long epoch, PeerId sender) implements HolderInput {}

  /** The source asks for inventory or segment digests. */
  record InventoryAsked(long epoch) implements HolderInput {}

  /** The guest has stopped: all device state is here, and this is the digest expected. */
  record PrepareArrived(long epoch, long memoryDigest) implements HolderInput {}

  /** The digest of memory was compared. */
  record Verified(long epoch, boolean equal) implements HolderInput {}

  /** The device state is loaded. */
  record Loaded(long epoch) implements HolderInput {}

  /** The device state cannot be loaded. */
  record LoadFailed(long epoch, Failure failure) implements HolderInput {}

  /** The source's grant: this peer may have it decided that it owns the guest. */
  record CommitArrived(long epoch, long memoryDigest, Electorate electorate)
      implements HolderInput {}

  /** An acceptor, perhaps this peer's own, has answered. */
  record Answered(long epoch, PeerId from, Answer answer) implements HolderInput {}

  /** It is time to ask the acceptors again, or to try again to set the owned guest running. */
  record AskAgain() implements HolderInput {}

  /** The operator decides, and has made sure that the other side never runs the guest. */
  record ResolveAsked(Choice choice) implements HolderInput {}

  /** The guest runs. */
  record Resumed(long epoch) implements HolderInput {}

  /**
   * The guest does not run, though it is owned.
   *
   * @param neverRan whether it surely never ran here and never will
   */
  record ResumeFailed(long epoch, Failure failure, boolean neverRan) implements HolderInput {}

  /** The source has another destination now. */
  record DetachAsked(long epoch, PeerId newDestination) implements HolderInput {}

  /** The source has named the pages to relay. */
  record RelayAsked(long epoch) implements HolderInput {}

  /** The source has sent newer versions of some pages. */
  record SkipAsked(long epoch) implements HolderInput {}

  /** All was relayed and acknowledged. */
  record RelayFinished(long epoch) implements HolderInput {}

  /** The relay broke off. */
  record RelayBroke(long epoch, Failure failure) implements HolderInput {}

  /** The source wants everything forgotten. */
  record ForgetAsked(long epoch) implements HolderInput {}

  /** The source asks how it goes. */
  record StatusAsked(long epoch) implements HolderInput {}

  /** This peer is about to shut down. */
  record Stopping() implements HolderInput {}

  /** The source has not asked for as long as the lease gives. */
  record LeaseEnded() implements HolderInput {}
}
