package org.dcmigrate.peer.guest;

import java.lang.foreign.MemorySegment;
import org.dcmigrate.protocol.DcmException;

/** A guest at its source that was given away, and whose owner is to be decided by the protocol. */
public interface StoppedGuest {
  /** The destination gave the attempt up: the guest runs on here. */
  void resume() throws DcmException;

  /** The destination runs the guest: nothing of it stays here. */
  void quit();

  /** Whether there still is something to resume; cheap, and true where that is not known. */
  boolean isThere();

  /** Reads pages of the guest that stands still. */
  void read(int block, long firstPage, int pageCount, MemorySegment into) throws DcmException;
}
