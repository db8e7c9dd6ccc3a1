package org.dcmigrate.peer.guest.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The part of a byte stream that lies in a buffer: read from the front, filled at the back. */
final class StreamWindow {
  private static final ValueLayout.OfShort BE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt BE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong BE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final MemorySegment buffer;
  private long position;
  private long limit;

  StreamWindow(MemorySegment buffer) {
    this.buffer = buffer;
  }

  MemorySegment buffer() {
    return buffer;
  }

  /** Where in the buffer the next unread byte is. */
  long position() {
    return position;
  }

  long available() {
    return limit - position;
  }

  int u8(long ahead) {
    return Byte.toUnsignedInt(buffer.get(ValueLayout.JAVA_BYTE, position + ahead));
  }

  int be16(long ahead) {
    return Short.toUnsignedInt(buffer.get(BE16, position + ahead));
  }

  int be32(long ahead) {
    return buffer.get(BE32, position + ahead);
  }

  long be64(long ahead) {
    return buffer.get(BE64, position + ahead);
  }

  byte[] bytes(long ahead, int length) {
    return buffer.asSlice(position + ahead, length).toArray(ValueLayout.JAVA_BYTE);
  }

  String text(long ahead, int length) {
    return new String(bytes(ahead, length), StandardCharsets.UTF_8);
  }

  void skip(long count) {
    position += count;
  }

  /** Room at the back, after moving what is unread to the front. */
  MemorySegment room() {
    if (position > 0) {
      MemorySegment.copy(buffer, position, buffer, 0, limit - position);
      limit -= position;
      position = 0;
    }
    return buffer.asSlice(limit);
  }

  /** Says that bytes were put into the {@link #room}. */
  void filled(long count) {
    limit += count;
  }

  /** Puts as many bytes into the window as fit, and says how many. */
  int fill(byte[] bytes, int from) {
    MemorySegment room = room();
    int count = (int) Math.min(bytes.length - from, room.byteSize());
    MemorySegment.copy(bytes, from, room, ValueLayout.JAVA_BYTE, 0, count);
    filled(count);
    return count;
  }
}
