package org.dcmigrate.peer.guest.synthetic;

import java.nio.ByteBuffer;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/**
 * The state of a synthetic guest beside its memory: its device state.
 *
 * <pre>
 *    0  8  "DCMSTAT1"
 *    8  8  state of the random number generator
 *   16  8  number of writes done
 * </pre>
 *
 * <p>All numbers are big-endian.
 */
record WriterState(long random, long writes) {
  private static final long MAGIC = 0x4443_4D53_5441_5431L;
  private static final int BYTES = 3 * Long.BYTES;

  byte[] encoded() {
    return ByteBuffer.allocate(BYTES).putLong(MAGIC).putLong(random).putLong(writes).array();
  }

  static WriterState parse(byte[] encoded) throws DcmException {
    ByteBuffer in = ByteBuffer.wrap(encoded);
    if (encoded.length != BYTES || in.getLong() != MAGIC) {
      throw new DcmException(
          Reason.GUEST_INCOMPATIBLE,
          "the device state of a synthetic guest must have 24 bytes and begin with DCMSTAT1, but"
              + " has "
              + encoded.length
              + " bytes");
    }
    return new WriterState(in.getLong(), in.getLong());
  }
}
