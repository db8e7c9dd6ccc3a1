package org.dcmigrate.peer.transfer;

import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.wire.TransferMessage;

/** Takes the pages of one transfer. */
public interface PageSink {
  /**
   * Stores or rightly drops the pages of a chunk. Called on a thread of the transport: may copy and
   * compute, must not wait for anybody.
   *
   * @param chunk whose payload is valid until this returns
   * @throws DcmException which ends the transfer
   */
  void write(TransferMessage.Chunk chunk) throws DcmException;
}
