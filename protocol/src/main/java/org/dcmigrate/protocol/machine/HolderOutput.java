package org.dcmigrate.protocol.machine;

import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.decision.Question;

/**
 * What a holder does. Outputs are carried out in order; each Persist is durable before the next.
 */
public sealed interface HolderOutput {
  /** Writes a record to the journal. */
  record Persist(HolderRecord record) implements HolderOutput {}

  /** Answers the request that was the input with success (or with what it asked for). */
  record Accept() implements HolderOutput {}

  /** Refuses the request that was the input. */
  record Refuse(Failure failure) implements HolderOutput {}

  /** Sets up the guest's shell. Answers: ShellReady, ShellFailed. */
  record SetUpShell(long epoch) implements HolderOutput {}

  /** Answers the metadata batch. */
  record AcceptMetadata() implements HolderOutput {}

  /** Answers the metadata batch with a refusal. */
  record RefuseMetadata(Failure failure) implements HolderOutput {}

  /** Ends all transfers to this peer; what was acknowledged is held. */
  record CutTransfers(Failure why) implements HolderOutput {}

  /** Compares the digest of memory. Answer: Verified. */
  record Verify(long epoch, long memoryDigest) implements HolderOutput {}

  /** Loads the device state. Answers: Loaded, LoadFailed. */
  record Load(long epoch) implements HolderOutput {}

  /** Tells the source that memory differs. */
  record ReportIncomplete() implements HolderOutput {}

  /** Tells the source that all is ready. */
  record ReportPrepared(long memoryDigest) implements HolderOutput {}

  /** Tells the source that preparing failed. */
  record ReportPrepareFailed(Failure failure) implements HolderOutput {}

  /** Asks an acceptor, perhaps this peer's own. Answer, where one comes: Answered. */
  record Ask(long epoch, PeerId acceptor, Question question) implements HolderOutput {}

  /** Looks for the guest that was loaded before a restart. Answers: Loaded, LoadFailed. */
  record FindGuest(long epoch) implements HolderOutput {}

  /** Sets the guest running. Answers: Resumed, ResumeFailed. */
  record ResumeGuest(long epoch) implements HolderOutput {}

  /** Tells the source that the guest runs here. */
  record ReportRunning() implements HolderOutput {}

  /** Tells the source that the guest is owned here and does not run. */
  record ReportResumeFailed(Failure failure) implements HolderOutput {}

  /** Breaks off a switchover stream that waits. */
  record CutSwitchover(Failure why) implements HolderOutput {}

  /** Ends the guest's shell; pages stay. */
  record DiscardShell() implements HolderOutput {}

  /** Starts the relay. Answers: RelayFinished, RelayBroke. */
  record StartRelay(long epoch, PeerId to) implements HolderOutput {}

  /** Ends the relay. */
  record StopRelay() implements HolderOutput {}

  /** Deletes shell, pages and everything else of the migration. */
  record Wipe() implements HolderOutput {}
}
