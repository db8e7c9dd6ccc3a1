package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/**
 * One run of QEMU's {@code migrate} command: our end of its connection.
 *
 * <p>QEMU writes ahead of what is read here as far as the socket's buffer takes it. We keep QEMU's
 * end open too, only to make that buffer small while the guest is held back; with it open, an end
 * of file never comes, so who waits for more must watch QEMU's events too.
 */
final class MigrationStream implements AutoCloseable {
  private static final long WINDOW_BYTES = 1 << 20;
  private static final int SMALL_BUFFER = 4096;
  private static final int LARGE_BUFFER = 256 << 10;

  private final int ours;
  private final int theirs;
  private final StreamWindow window;
  private final StreamParser parser = new StreamParser();
  private boolean open = true;
  private boolean theirsOpen = true;
  private boolean small;

  private MigrationStream(int ours, int theirs, MemorySegment buffer) {
    this.ours = ours;
    this.theirs = theirs;
    this.window = new StreamWindow(buffer);
  }

  /** Room for what was read of a stream; can be used again for the next one. */
  static MemorySegment buffer(Arena arena) {
    return arena.allocate(WINDOW_BYTES, 4096);
  }

  /**
   * Starts a migration.
   *
   * @param name for QEMU to know the descriptor by; not used before
   * @param patience for QEMU to take the command: it may begin with it before it says so
   */
  static MigrationStream start(Qmp qmp, String name, MemorySegment buffer, Duration patience)
      throws DcmException {
    try {
      int[] pair = Posix.socketPair();
      MigrationStream stream = new MigrationStream(pair[0], pair[1], buffer);
      try {
        stream.keepAhead(true);
        qmp.passDescriptor(name, pair[1]);
        JsonObject arguments = new JsonObject();
        arguments.addProperty("uri", "fd:" + name);
        qmp.await("migrate", qmp.send("migrate", arguments), patience);
        return stream;
      } catch (DcmException refused) {
        stream.close();
        throw refused;
      }
    } catch (IOException failed) {
      throw failure(failed);
    }
  }

  StreamWindow window() {
    return window;
  }

  /** The next record in what was read. */
  StreamRecord next() throws DcmException {
    return parser.next(window);
  }

  /**
   * Reads more of the stream.
   *
   * @param mostBytes not to read more than this
   * @param timeoutMs how long to wait when nothing is there
   * @return whether something came
   */
  boolean fill(long mostBytes, int timeoutMs) throws DcmException {
    MemorySegment room = window.room();
    MemorySegment into = room.asSlice(0, Math.min(room.byteSize(), mostBytes));
    try {
      long count = Posix.read(ours, into);
      if (count == -Posix.EAGAIN && timeoutMs > 0 && Posix.awaitReadable(ours, timeoutMs)) {
        count = Posix.read(ours, into);
      }
      if (count == 0) {
        throw new DcmException(
            Reason.GUEST_FAILED, "QEMU's migration stream ended before the guest's state was over");
      }
      if (count > 0) {
        window.filled(count);
      }
      return count > 0;
    } catch (IOException failed) {
      throw failure(failed);
    }
  }

  /** Chooses how far QEMU may write ahead: little while the guest is held back, else plenty. */
  void keepAhead(boolean little) throws DcmException {
    if (small == little) {
      return;
    }
    try {
      Posix.setSendBuffer(theirs, little ? SMALL_BUFFER : LARGE_BUFFER);
      small = little;
    } catch (IOException failed) {
      throw failure(failed);
    }
  }

  /** Tells QEMU whether the destination took the guest: SHUT on the return path. */
  void answer(boolean taken) throws DcmException {
    ByteBuffer message = ByteBuffer.allocate(8);
    message.putShort((short) 1).putShort((short) 4).putInt(taken ? 0 : 1);
    try {
      Posix.writeFully(ours, message.array());
    } catch (IOException failed) {
      throw failure(failed);
    }
  }

  /**
   * Refuses the guest, whether or not its stream is over, and waits until QEMU has closed its end.
   *
   * <p>Merely closing would be a race: QEMU before 8.2 has a thread that reads the return path,
   * does not wait for it after a failure, and lets it close the connection of the next migration
   * where that comes too early. It has done its work once QEMU's end is closed; to see that, ours
   * must be the only one left and must be read.
   *
   * @param patience how long to wait for that
   */
  void refuse(Duration patience) {
    try {
      answer(false);
      closeTheirs();
      long deadline = System.nanoTime() + patience.toNanos();
      MemorySegment rubbish = window.buffer();
      long count = 1;
      while (count != 0 && System.nanoTime() < deadline) {
        count = Posix.read(ours, rubbish);
        if (count == -Posix.EAGAIN) {
          Posix.awaitReadable(ours, 100);
        }
      }
    } catch (DcmException | IOException gone) {
      // QEMU has ended or broken the connection already.
    }
    close();
  }

  private void closeTheirs() {
    if (theirsOpen) {
      theirsOpen = false;
      Posix.close(theirs);
    }
  }

  /** Breaks the connection. QEMU lets the guest run on, unless it was told that it was taken. */
  @Override
  public void close() {
    closeTheirs();
    if (open) {
      open = false;
      Posix.shutdown(ours);
      Posix.close(ours);
    }
  }

  private static DcmException failure(IOException failed) {
    return new DcmException(
        Reason.GUEST_FAILED, "QEMU's migration stream failed: " + failed.getMessage(), failed);
  }
}
