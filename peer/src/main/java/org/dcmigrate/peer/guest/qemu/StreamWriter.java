package org.dcmigrate.peer.guest.qemu;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;

/**
 * Writes a stream that QEMU loads a guest from whose memory is there already: the source's set-up,
 * a last RAM section with just the blocks that QEMU does not map from files, the device state.
 */
final class StreamWriter {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final int LONGEST_RECORD = 9 + 255 + Geometry.PAGE_BYTES;

  private final int fd;

  StreamWriter(int fd) {
    this.fd = fd;
  }

  /** Writes all of it. */
  void write(StreamRecord.Setup setup, GuestHome home, Set<Integer> mapped, byte[] deviceState)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER_BYTES);
      ByteBuffer out = buffer.asByteBuffer();
      Posix.writeFully(fd, setup.preamble());
      out.put((byte) StreamFormat.SECTION_END).putInt(setup.section());
      for (int block = 0; block < setup.geometry().blocks().size(); block++) {
        if (!mapped.contains(block)) {
          write(setup.geometry().blocks().get(block), home.memory(block), buffer, out);
        }
      }
      out.putLong(StreamFormat.EOS).put((byte) StreamFormat.FOOTER).putInt(setup.section());
      flush(buffer, out);
      Posix.writeFully(fd, deviceState);
    }
  }

  private void write(RamBlock block, MemorySegment memory, MemorySegment buffer, ByteBuffer out)
      throws IOException {
    byte[] name = block.name().getBytes(StandardCharsets.UTF_8);
    ByteBuffer content = memory.asByteBuffer();
    for (long page = 0; page < block.pages(); page++) {
      if (out.remaining() < LONGEST_RECORD) {
        flush(buffer, out);
      }
      long offset = page * Geometry.PAGE_BYTES;
      boolean zero = PageReplay.isZero(memory.asSlice(offset, Geometry.PAGE_BYTES));
      // The name stands with the block's first page only, as in QEMU's own streams.
      int flags = (zero ? StreamFormat.ZERO : StreamFormat.PAGE);
      out.putLong(offset | flags | (page == 0 ? 0 : StreamFormat.CONTINUE));
      if (page == 0) {
        out.put((byte) name.length).put(name);
      }
      if (zero) {
        out.put((byte) 0);
      } else {
        out.put(content.slice((int) offset, Geometry.PAGE_BYTES));
      }
    }
  }

  private void flush(MemorySegment buffer, ByteBuffer out) throws IOException {
    Posix.writeFully(fd, buffer.asSlice(0, out.position()));
    out.clear();
  }
}
