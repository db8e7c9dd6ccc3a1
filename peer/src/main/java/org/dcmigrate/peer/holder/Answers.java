package org.dcmigrate.peer.holder;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;

/**
 * The calls of the source that wait at this peer for what takes time: its metadata, until the shell
 * stands, and its switchover. Everything but {@link #await} happens under the holder's lock.
 */
final class Answers {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private CompletableFuture<Optional<Failure>> metadata = new CompletableFuture<>();
  private Optional<SwitchoverReplies> switchover = Optional.empty();
  private long commitArrivedNs;

  /** Metadata comes; what is answered next is for this call. */
  CompletableFuture<Optional<Failure>> metadataArrived() {
    metadata = new CompletableFuture<>();
    return metadata;
  }

  /** Waits for the answer to metadata; a shell takes a while, but not for ever. */
  static void await(CompletableFuture<Optional<Failure>> answer) throws DcmException {
    try {
      Optional<Failure> failure = answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (failure.isPresent()) {
        throw failure.get().exception();
      }
    } catch (TimeoutException late) {
      throw new DcmException(
          Reason.DEADLINE_PASSED,
          "the guest's shell was not ready within %d s".formatted(PATIENCE.toSeconds()),
          late);
    } catch (ExecutionException impossible) {
      throw new AssertionError("metadata answers are values", impossible);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new DcmException(Reason.PEER_NOT_SERVING, "this peer is shutting down", interrupted);
    }
  }

  void metadataAccepted() {
    metadata.complete(Optional.empty());
  }

  void metadataRefused(Failure why) {
    metadata.complete(Optional.of(why));
  }

  /** From here on the switchover is answered there; gives where it was before. */
  Optional<SwitchoverReplies> switchover(Optional<SwitchoverReplies> replies) {
    Optional<SwitchoverReplies> before = switchover;
    switchover = replies;
    return before;
  }

  /** The commit is here: resuming is measured from now. */
  void commitArrived() {
    commitArrivedNs = System.nanoTime();
  }

  void prepared(long memoryDigest) {
    switchover.ifPresent(replies -> replies.prepared(memoryDigest));
  }

  void incomplete(PageStore store) {
    switchover.ifPresent(replies -> replies.incomplete(store.memoryDigest(), store.missingPages()));
  }

  void running() {
    Duration resume = Duration.ofNanos(System.nanoTime() - commitArrivedNs);
    switchover.ifPresent(replies -> replies.running(resume));
  }

  /** Ends the switchover, if there is one. */
  void failed(Failure why) {
    switchover(Optional.empty()).ifPresent(replies -> replies.failed(why));
  }
}
