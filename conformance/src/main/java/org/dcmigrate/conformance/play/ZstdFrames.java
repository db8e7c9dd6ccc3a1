package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Makes zstd frames by hand, of runs of one byte, so that a case can spoil every part of them. */
public final class ZstdFrames {
  private static final int[] MAGIC = {0x28, 0xb5, 0x2f, 0xfd};
  private static final int SINGLE_SEGMENT = 0x20;
  private static final int SIZE_OF_FOUR_BYTES = 0x80;
  private static final int MOST_BLOCK_BYTES = 128 << 10;
  private static final int RLE = 1 << 1;

  private ZstdFrames() {}

  /** A frame that says to hold so many bytes, and holds so many of this value. */
  public static ByteString run(int announcedBytes, int bytes, int value) {
    return frame(new int[] {SIZE_OF_FOUR_BYTES | SINGLE_SEGMENT}, announcedBytes, bytes, value);
  }

  /** A frame that does not say how much it holds. */
  public static ByteString withoutSize(int bytes, int value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Arrays.stream(MAGIC).forEach(out::write);
    out.write(0);
    // 128 KiB.
    out.write(7 << 3);
    blocks(out, bytes, value);
    return ByteString.copyFrom(out.toByteArray());
  }

  /** A frame whose decoder would have to keep 2^windowLog bytes. */
  public static ByteString withWindow(int windowLog, int bytes, int value) {
    return frame(new int[] {SIZE_OF_FOUR_BYTES, (windowLog - 10) << 3}, bytes, bytes, value);
  }

  /** A frame that needs dictionary 9. */
  public static ByteString withDictionary(int bytes, int value) {
    return frame(new int[] {SIZE_OF_FOUR_BYTES | SINGLE_SEGMENT | 1, 9}, bytes, bytes, value);
  }

  private static ByteString frame(int[] head, int announcedBytes, int bytes, int value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Arrays.stream(MAGIC).forEach(out::write);
    Arrays.stream(head).forEach(out::write);
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      out.write(announcedBytes >> shift);
    }
    blocks(out, bytes, value);
    return ByteString.copyFrom(out.toByteArray());
  }

  private static void blocks(ByteArrayOutputStream out, int bytes, int value) {
    for (int left = bytes; left > 0; left -= MOST_BLOCK_BYTES) {
      int last = left <= MOST_BLOCK_BYTES ? 1 : 0;
      int header = (Math.min(left, MOST_BLOCK_BYTES) << 3) | RLE | last;
      out.write(header);
      out.write(header >> 8);
      out.write(header >> 16);
      out.write(value);
    }
  }
}
