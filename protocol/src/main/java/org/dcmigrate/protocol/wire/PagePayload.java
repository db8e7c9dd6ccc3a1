package org.dcmigrate.protocol.wire;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.pages.PageDigest;

/**
 * The contents of a run of pages, in one or more pieces: where a sender has them, or as a
 * receiver's transport delivered them. Nothing is copied; who made it says how long the memory
 * stays valid.
 */
public final class PagePayload {
  /** No content: the pages are zero. */
  public static final PagePayload EMPTY = new PagePayload(List.of());

  private final List<MemorySegment> pieces;
  private final long bytes;

  private PagePayload(List<MemorySegment> pieces) {
    this.pieces = List.copyOf(pieces);
    bytes = pieces.stream().mapToLong(MemorySegment::byteSize).sum();
  }

  /** A payload in pieces that follow each other. */
  public static PagePayload of(List<MemorySegment> pieces) {
    return new PagePayload(pieces);
  }

  /** A payload in one piece. */
  public static PagePayload of(MemorySegment piece) {
    return new PagePayload(List.of(piece));
  }

  /** Size. */
  public long bytes() {
    return bytes;
  }

  /** Checksum of the whole. */
  public int crc32c() {
    CRC32C crc = new CRC32C();
    for (MemorySegment piece : pieces) {
      crc.update(piece.asByteBuffer());
    }
    return (int) crc.getValue();
  }

  /**
   * The payload in one piece outside of the heap: where it is if it lies so, otherwise copied.
   *
   * @param scratch takes the copy, at least as large as the payload
   */
  public MemorySegment inOnePiece(MemorySegment scratch) {
    if (pieces.size() == 1 && pieces.getFirst().isNative()) {
      return pieces.getFirst();
    }
    long offset = 0;
    for (MemorySegment piece : pieces) {
      MemorySegment.copy(piece, 0, scratch, offset, piece.byteSize());
      offset += piece.byteSize();
    }
    return scratch.asSlice(0, bytes);
  }

  /**
   * Views of a part of the payload.
   *
   * @param from offset of the first byte
   * @param length which lies in the payload from there
   */
  public ByteBuffer[] buffers(long from, long length) {
    List<ByteBuffer> views = new ArrayList<>(pieces.size());
    long start = 0;
    for (MemorySegment piece : pieces) {
      long first = Math.max(from, start);
      long end = Math.min(from + length, start + piece.byteSize());
      if (first < end) {
        views.add(piece.asSlice(first - start, end - first).asByteBuffer());
      }
      start += piece.byteSize();
    }
    return views.toArray(ByteBuffer[]::new);
  }

  /** Reads the payload from its start. */
  public Reader reader() {
    return new Reader();
  }

  /** Reads a payload from front to back. Belongs to one thread at a time. */
  public final class Reader {
    private int piece;
    private long offset;
    // The piece being read, where something was digested in it.
    private Optional<ByteBuffer> view = Optional.empty();

    private Reader() {}

    /** Copies as much as fits from here on; gives the number of bytes, 0 at the end. */
    public int read(byte[] into, int at, int length) {
      int done = 0;
      while (done < length && piece < pieces.size()) {
        MemorySegment from = pieces.get(piece);
        int part = (int) Math.min(length - done, from.byteSize() - offset);
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, into, at + done, part);
        done += part;
        pass(part);
      }
      return done;
    }

    /** Digests the next page where it lies; a payload that ends within it gives a wrong digest. */
    public long digest(PageDigest digest) {
      digest.begin();
      int left = Geometry.PAGE_BYTES;
      while (left > 0 && piece < pieces.size()) {
        if (view.isEmpty()) {
          view = Optional.of(pieces.get(piece).asByteBuffer());
        }
        ByteBuffer here = view.get();
        int part = (int) Math.min(left, pieces.get(piece).byteSize() - offset);
        digest.update(here.limit((int) offset + part).position((int) offset));
        left -= part;
        pass(part);
      }
      return digest.end();
    }

    /**
     * Writes the rest.
     *
     * @param buffer for what does not lie in arrays
     */
    void writeTo(OutputStream target, byte[] buffer) throws IOException {
      while (piece < pieces.size()) {
        MemorySegment from = pieces.get(piece);
        Optional<Object> heap = from.heapBase();
        if (heap.isPresent() && heap.get() instanceof byte[] array) {
          int part = (int) (from.byteSize() - offset);
          target.write(array, Math.toIntExact(from.address() + offset), part);
          pass(part);
        } else {
          target.write(buffer, 0, read(buffer, 0, buffer.length));
        }
      }
    }

    /** Passes over bytes. */
    public void skip(long length) {
      long left = length;
      while (left > 0 && piece < pieces.size()) {
        long part = Math.min(left, pieces.get(piece).byteSize() - offset);
        left -= part;
        pass(part);
      }
    }

    private void pass(long part) {
      offset += part;
      if (offset == pieces.get(piece).byteSize()) {
        piece++;
        offset = 0;
        view = Optional.empty();
      }
    }
  }
}
