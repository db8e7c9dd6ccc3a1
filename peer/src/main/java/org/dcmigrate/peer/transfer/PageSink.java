package org.dcmigrate.peer.transfer;

import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.TransferMessage;

/** Takes the pages of one transfer. */
public interface PageSink {
  /**
   * Stores or rightly drops the pages of a chunk. May copy and compute, must not wait for anybody:
   * what comes behind the chunk waits.
   *
   * @param chunk whose payload is valid until this returns
   * @throws DcmException which ends the transfer
   */
  void write(TransferMessage.Chunk chunk) throws DcmException;
}
