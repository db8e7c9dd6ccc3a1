package org.dcmigrate.peer.holder;

import java.time.Duration;
import org.dcmigrate.protocol.Failure;

/** Where the answers of a switchover go: the source's stream. */
public interface SwitchoverReplies {
  /** Complete, verified, loaded, on disk. */
  void prepared(long memoryDigest);

  /** Memory differs. */
  void incomplete(long memoryDigest, long missingPages);

  /** The guest runs here; it took so long from the arrival of the commit. */
  void running(Duration resume);

  /** The switchover ends here. */
  void failed(Failure why);
}
