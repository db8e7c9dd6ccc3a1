package org.dcmigrate.protocol.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.zip.CRC32C;

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

  /** Reads the payload from its start. */
  public Reader reader() {
    return new Reader();
  }

  /** Reads a payload from front to back. Belongs to one thread at a time. */
  public final class Reader {
    private int piece;
    private long offset;

    private Reader() {}

    /** Copies as much as fits from here on; gives the number of bytes, 0 at the end. */
    public int read(byte[] into, int at, int length) {
      int done = 0;
      while (done < length && piece < pieces.size()) {
        MemorySegment from = pieces.get(piece);
        int part = (int) Math.min(length - done, from.byteSize() - offset);
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, into, at + done, part);
        done += part;
        offset += part;
        if (offset == from.byteSize()) {
          piece++;
          offset = 0;
        }
      }
      return done;
    }

    /** Passes over bytes. */
    public void skip(long length) {
      long left = length;
      while (left > 0 && piece < pieces.size()) {
        long part = Math.min(left, pieces.get(piece).byteSize() - offset);
        left -= part;
        offset += part;
        if (offset == pieces.get(piece).byteSize()) {
          piece++;
          offset = 0;
        }
      }
    }
  }
}
