package org.dcmigrate.peer.guest.qemu;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/**
 * What follows the last page. It is not understood here but for two things: where it ends (QEMU
 * leaves the connection open while it waits for the destination's word), and whether the guest ran.
 */
final class StreamTail {
  /** Most device state that the protocol carries. */
  static final int MOST_BYTES = 256 << 20;

  private static final byte[] RUN_STATE =
      "\013globalstate\0\0\0\0\0\0\0\1\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] RUNNING = "running\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final int HEAD = 6;

  private final Collected collected = new Collected();
  private int searched;

  /** Gives access to the array without a copy; the end is looked for after every read. */
  private static final class Collected extends ByteArrayOutputStream {
    byte[] array() {
      return buf;
    }
  }

  void add(byte[] bytes) throws DcmException {
    if (collected.size() + bytes.length > MOST_BYTES) {
      throw new DcmException(
          Reason.GUEST_UNSUPPORTED,
          "QEMU's device state must not exceed 256 MiB; remove the device that has most of it");
    }
    collected.writeBytes(bytes);
  }

  /** Whether all has come: it ends with a description of exactly the length that it announces. */
  boolean complete() {
    int size = collected.size();
    byte[] array = collected.array();
    if (size < HEAD + 2 || array[size - 1] != '}') {
      return false;
    }
    for (int at = searched; at + HEAD + 1 < size; at++) {
      if (array[at] == 0 && array[at + 1] == 6 && array[at + HEAD] == '{') {
        long end = at + HEAD + (long) ByteBuffer.wrap(array).getInt(at + 2);
        if (end == size) {
          return true;
        }
      } else if (searched == at) {
        // Nothing before this can be the start of the description, however much still comes.
        searched++;
      }
    }
    return false;
  }

  byte[] bytes() {
    return collected.toByteArray();
  }

  /** Whether the guest of this device state ran when it was stopped for the migration. */
  static boolean ran(byte[] deviceState) {
    int found = indexOf(deviceState, RUN_STATE);
    if (found < 0) {
      // Only machine types that the parser refuses leave the section out.
      return true;
    }
    int text = found + RUN_STATE.length + 1;
    return text + RUNNING.length <= deviceState.length
        && Arrays.equals(deviceState, text, text + RUNNING.length, RUNNING, 0, RUNNING.length);
  }

  private static int indexOf(byte[] all, byte[] part) {
    for (int at = 0; at + part.length <= all.length; at++) {
      if (all[at] == part[0] && Arrays.equals(all, at, at + part.length, part, 0, part.length)) {
        return at;
      }
    }
    return -1;
  }
}
