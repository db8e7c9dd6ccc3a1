package org.dcmigrate.protocol.wire;

import io.grpc.HasByteBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/**
 * The bytes of one received message, read once from front to back: as the transport holds them
 * where it lets us see that, otherwise in one buffer of at most the limit's size.
 */
final class Fragments {
  // A sender that cuts its message into shreds gets it copied together rather than tracked.
  private static final int MAX_FRAGMENTS = 256;

  private final Queue<ByteBuffer> fragments;
  private int remaining;

  private Fragments(Queue<ByteBuffer> fragments) {
    this.fragments = fragments;
    remaining = fragments.stream().mapToInt(ByteBuffer::remaining).sum();
  }

  /**
   * Takes up a message.
   *
   * @throws DcmException CHUNK_TOO_LARGE beyond the limit
   */
  static Fragments of(InputStream stream, int limit) throws DcmException, IOException {
    Queue<ByteBuffer> fragments = new ArrayDeque<>();
    int bytes = 0;
    if (stream instanceof HasByteBuffer source
        && source.byteBufferSupported()
        && stream.markSupported()) {
      // The mark keeps the transport from freeing what was skipped until the message is closed.
      stream.mark(limit);
      while (fragments.size() < MAX_FRAGMENTS) {
        Optional<ByteBuffer> fragment =
            Optional.ofNullable(source.getByteBuffer()).filter(ByteBuffer::hasRemaining);
        if (fragment.isEmpty()) {
          break;
        }
        int size = fragment.get().remaining();
        bytes = checked(bytes, size, limit);
        fragments.add(fragment.get());
        if (stream.skip(size) != size) {
          throw new IOException("the transport did not pass over what it had shown");
        }
      }
    }
    byte[] rest = stream.readNBytes(limit + 1 - bytes);
    checked(bytes, rest.length, limit);
    fragments.add(ByteBuffer.wrap(rest));
    return new Fragments(fragments);
  }

  private static int checked(int bytes, int more, int limit) throws DcmException {
    if (more > limit - bytes) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "a transfer message may have at most " + limit + " bytes, but this one has more");
    }
    return bytes + more;
  }

  /** Number of bytes left. */
  int remaining() {
    return remaining;
  }

  /** A varint, as its lower 64 bits. */
  long varint() throws DcmException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      byte next = next();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw malformed("a transfer message holds a number of more than 10 bytes");
  }

  /** The length of a field, checked against what is left. */
  int length() throws DcmException {
    int length = (int) varint();
    require(length);
    return length;
  }

  /** Four bytes, little-endian. */
  int fixed32() throws DcmException {
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 8) {
      value |= (next() & 0xff) << shift;
    }
    return value;
  }

  /** Passes over bytes. */
  void skip(int length) throws DcmException {
    take(length);
  }

  /** A copy of bytes. */
  byte[] bytes(int length) throws DcmException {
    byte[] copy = new byte[length];
    PagePayload.of(take(length)).reader().read(copy, 0, length);
    return copy;
  }

  /** Views of the next bytes. */
  List<MemorySegment> take(int length) throws DcmException {
    require(length);
    remaining -= length;
    List<MemorySegment> views = new ArrayList<>();
    int left = length;
    while (left > 0) {
      ByteBuffer fragment = fragments.element();
      int part = Math.min(left, fragment.remaining());
      if (part > 0) {
        views.add(MemorySegment.ofBuffer(fragment.slice(fragment.position(), part)));
      }
      fragment.position(fragment.position() + part);
      left -= part;
      if (!fragment.hasRemaining()) {
        fragments.remove();
      }
    }
    return views;
  }

  static DcmException malformed(String sentence) {
    return new DcmException(Reason.FIELD_INVALID, sentence);
  }

  private byte next() throws DcmException {
    require(1);
    while (!fragments.element().hasRemaining()) {
      fragments.remove();
    }
    remaining--;
    return fragments.element().get();
  }

  private void require(int length) throws DcmException {
    if (length < 0 || length > remaining) {
      throw malformed(
          "a transfer message ends too early: %s more bytes were announced, %d came"
              .formatted(Integer.toUnsignedString(length), remaining));
    }
  }
}
