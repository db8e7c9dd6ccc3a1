package org.dcmigrate.peer.guest.qemu;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** One RAM block's content as it is now. */
sealed interface BlockMemory {
  /** Copies {@code into.byteSize()} bytes from an offset in the block. */
  void read(long offset, MemorySegment into) throws IOException;

  /** The file that QEMU maps too. */
  record Mapped(MemorySegment memory) implements BlockMemory {
    @Override
    public void read(long offset, MemorySegment into) {
      MemorySegment.copy(memory, offset, into, 0, into.byteSize());
    }
  }

  /**
   * QEMU's own memory.
   *
   * @param process /proc/PID/mem
   * @param address where the block begins in QEMU's address space
   */
  record OfProcess(FileChannel process, long address) implements BlockMemory {
    @Override
    public void read(long offset, MemorySegment into) throws IOException {
      ByteBuffer buffer = into.asByteBuffer();
      while (buffer.hasRemaining()) {
        int count = process.read(buffer, address + offset + buffer.position());
        if (count <= 0) {
          throw new EOFException("QEMU's memory ended");
        }
      }
    }
  }

  /** A copy of what came through the stream, for small blocks that cannot be read otherwise. */
  record Copied(MemorySegment copy) implements BlockMemory {
    @Override
    public void read(long offset, MemorySegment into) {
      MemorySegment.copy(copy, offset, into, 0, into.byteSize());
    }
  }
}
