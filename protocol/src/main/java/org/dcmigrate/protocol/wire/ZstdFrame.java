package org.dcmigrate.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;

/**
 * Checks the head of a compressed payload, so that what it grows to is known before anything is
 * done with it.
 *
 * <pre>
 *   4  magic number fd2fb528, little-endian
 *   1  descriptor: bits 7-6 form of the content size, 5 single segment, 3 reserved, 2 checksum,
 *      1-0 form of the dictionary
 *   1  window: exponent in bits 7-3, mantissa in bits 2-0; not in a single segment
 *   0  dictionary: not allowed
 *   1  content size, little-endian; 2, 4 or 8 bytes as the descriptor says
 *  ..  blocks
 * </pre>
 */
final class ZstdFrame {
  /** Most bytes that a decoder has to keep. */
  static final long MAX_WINDOW_BYTES = TransferCodec.MAX_PAYLOAD_BYTES;

  private static final int MAGIC = 0xFD2FB528;
  private static final int LONGEST_HEAD_BYTES = 14;
  private static final int RESERVED = 1 << 3;
  private static final int SINGLE_SEGMENT = 1 << 5;
  private static final int DICTIONARY = 3;
  private static final int LEAST_WINDOW_LOG = 10;
  private static final int TWO_BYTE_SIZE_OFFSET = 256;

  private ZstdFrame() {}

  /**
   * Checks a payload.
   *
   * @throws DcmException CHUNK_TOO_LARGE for more pages than a chunk may have; FIELD_INVALID unless
   *     it is shorter than these pages and begins as a frame that holds exactly them
   */
  static void check(long pageCount, PagePayload payload) throws DcmException {
    if (Long.compareUnsigned(pageCount, TransferCodec.MAX_CHUNK_PAGES) > 0) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "a compressed chunk may have at most 256 pages, but has "
              + Long.toUnsignedString(pageCount));
    }
    long contentBytes = pageCount * Geometry.PAGE_BYTES;
    if (payload.bytes() == 0 || payload.bytes() >= contentBytes) {
      throw Fragments.malformed(
          "a compressed payload must have 1 to %d bytes for its %d pages, but has %d"
              .formatted(contentBytes - 1, pageCount, payload.bytes()));
    }
    byte[] bytes = new byte[LONGEST_HEAD_BYTES];
    int length = payload.reader().read(bytes, 0, LONGEST_HEAD_BYTES);
    ByteBuffer head = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
    if (head.remaining() < Integer.BYTES + 1 || head.getInt() != MAGIC) {
      throw Fragments.malformed("a payload that is compressed with zstd must begin with its magic");
    }
    int descriptor = head.get();
    if ((descriptor & (RESERVED | DICTIONARY)) != 0) {
      throw Fragments.malformed(
          "a zstd frame must have neither a dictionary nor reserved bits, but its descriptor is %02x"
              .formatted(descriptor & 0xff));
    }
    if ((descriptor & SINGLE_SEGMENT) == 0) {
      checkWindow(head);
    }
    long announced = contentBytes(descriptor, head);
    if (announced != contentBytes) {
      throw Fragments.malformed(
          "a zstd frame must say that it holds the %d bytes of its pages, but says %s"
              .formatted(contentBytes, Long.toUnsignedString(announced)));
    }
  }

  private static void checkWindow(ByteBuffer head) throws DcmException {
    require(head, 1);
    int window = head.get() & 0xff;
    long base = 1L << (LEAST_WINDOW_LOG + (window >> 3));
    long bytes = base + base / 8 * (window & 7);
    if (bytes > MAX_WINDOW_BYTES) {
      throw Fragments.malformed(
          "a zstd frame's window must be at most %d bytes, but is %d"
              .formatted(MAX_WINDOW_BYTES, bytes));
    }
  }

  private static long contentBytes(int descriptor, ByteBuffer head) throws DcmException {
    int form = descriptor >> 6 & 3;
    if (form == 0 && (descriptor & SINGLE_SEGMENT) == 0) {
      throw Fragments.malformed("a zstd frame must say the size of its content");
    }
    require(head, 1 << form);
    return switch (form) {
      case 0 -> head.get() & 0xff;
      case 1 -> (head.getShort() & 0xffff) + TWO_BYTE_SIZE_OFFSET;
      case 2 -> Integer.toUnsignedLong(head.getInt());
      default -> head.getLong();
    };
  }

  private static void require(ByteBuffer head, int bytes) throws DcmException {
    if (head.remaining() < bytes) {
      throw Fragments.malformed("a zstd frame ends within its head");
    }
  }
}
