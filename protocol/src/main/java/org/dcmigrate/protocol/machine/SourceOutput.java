package org.dcmigrate.protocol.machine;

import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;

/**
 * What a source does. Outputs are carried out in their order; a {@link Persist} is on disk before
 * the next one begins.
 */
public sealed interface SourceOutput {
  /** Writes a record to the journal. */
  record Persist(SourceRecord record) implements SourceOutput {}

  /** Asks a peer to become the destination. Answers: OpenAccepted, OpenRefused. */
  record Open(long epoch, PeerId to, List<PeerId> contributors) implements SourceOutput {
    public Open {
      contributors = List.copyOf(contributors);
    }
  }

  /** Sends all saved metadata in one batch. Answers: MetadataAccepted, OpenRefused. */
  record SendMetadata(long epoch, PeerId to) implements SourceOutput {}

  /** Stops sending pages to the destination of this epoch. The guest runs on. */
  record StopSending(long epoch) implements SourceOutput {}

  /** Ends a peer's part as destination. Answers: Detached, ContributorLost. */
  record Detach(long epoch, PeerId peer, PeerId newDestination) implements SourceOutput {}

  /**
   * Decides, from the inventories, who sends which pages: starts the relays of these contributors,
   * and sending. Answers: ContributorDrained, ContributorLost, DestinationLost.
   */
  record StartTransfer(long epoch, PeerId to, List<PeerId> contributors) implements SourceOutput {
    public StartTransfer {
      contributors = List.copyOf(contributors);
    }
  }

  /** Compares the destination's inventory and sends what nobody else is going to. -> Reconciled. */
  record Reconcile(long epoch) implements SourceOutput {}

  /** Lets the guest stop by itself when little is left. Answer, in time: GuestStopped. */
  record LetStop() implements SourceOutput {}

  /**
   * Takes LetStop back. A guest that stands still and whose stop is not reported yet runs on, and
   * is not reported.
   */
  record HoldBack() implements SourceOutput {}

  /** A stopped guest, not sealed, runs on and emits its memory anew. */
  record ResumeGuest() implements SourceOutput {}

  /** Sends device state and expected digest. Answers: Prepared, Incomplete, PrepareFailed. */
  record Prepare(long epoch, PeerId to) implements SourceOutput {}

  /** Finds by segment digests what differs, and sends it again. Answer: Repaired. */
  record Repair(long epoch) implements SourceOutput {}

  /** Gives the guest away. Answers: GuestSealed, SealFailed. */
  record Seal(long epoch) implements SourceOutput {}

  /** Asks a peer to witness the decision. Answers: WitnessAppointed, WitnessRefused. */
  record Appoint(long epoch, PeerId witness, PeerId destination) implements SourceOutput {}

  /** Tells a witness who owns the guest; one that cannot be reached keeps its votes. */
  record Dismiss(long epoch, PeerId witness, Choice owner) implements SourceOutput {}

  /**
   * Sends the grant: the destination may have it decided that it owns the guest, and resume it. ->
   * Running, CommitRefused, CommitLost.
   */
  record Commit(long epoch, PeerId to, long memoryDigest, Optional<PeerId> witness)
      implements SourceOutput {}

  /** Asks an acceptor, perhaps this peer's own. Answer, where one comes: Answered. */
  record Ask(long epoch, PeerId acceptor, Question question) implements SourceOutput {}

  /**
   * A sealed guest runs on at the source. Comes after a restart, too, when it is not known whether
   * the guest was sealed or even stopped: one that runs is left alone.
   */
  record TakeBack() implements SourceOutput {}

  /** Ends the guest at the source: it runs at the destination. May be repeated. */
  record QuitGuest() implements SourceOutput {}

  /** Ends the migration for the guest, which runs on at the source. May be repeated. */
  record EndGuestMigration() implements SourceOutput {}

  /** Tells a peer to give up; one that cannot be reached in time is left to its lease. */
  record Abort(long epoch, PeerId peer) implements SourceOutput {}

  /** Tells an old destination to forget the migration, likewise. */
  record Release(long epoch, PeerId peer) implements SourceOutput {}

  /** Refuses the operator's request that was the input. */
  record Refuse(Failure failure) implements SourceOutput {}

  /** Tells the operator that the redirect under way has taken place. */
  record RedirectDone(long epoch, PeerId to) implements SourceOutput {}

  /** Tells the operator that the redirect under way has failed. */
  record RedirectFailed(Failure failure) implements SourceOutput {}
}
