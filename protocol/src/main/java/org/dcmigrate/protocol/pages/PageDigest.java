package org.dcmigrate.protocol.pages;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.dcmigrate.protocol.Geometry;

/**
 * Digests of pages. The digest of memory is the sum modulo 2^64 of {@link #mixed} over all pages,
 * so that it can be kept up to date page by page, in any order.
 *
 * <p>An instance reuses its buffers: it allocates nothing per page and belongs to one thread at a
 * time.
 */
public abstract sealed class PageDigest {
  private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

  private final Algorithm algorithm;
  private final byte[] copy = new byte[Geometry.PAGE_BYTES];

  private PageDigest(Algorithm algorithm) {
    this.algorithm = algorithm;
  }

  /** How the digest of one page is made. */
  public enum Algorithm {
    /** CRC-32C in the upper, CRC-32 in the lower 32 bits. */
    CRC64,
    /** The first 8 bytes of SHA-256, big-endian. */
    SHA256;

    private final long zeroPage;

    Algorithm() {
      zeroPage = create(name()).of(new byte[Geometry.PAGE_BYTES]);
    }

    /** The digest of a page of zeros. */
    public long zeroPage() {
      return zeroPage;
    }

    // The constants do not exist yet where the constructor needs an instance.
    private PageDigest create(String name) {
      return name.equals("CRC64") ? new Crc64(this) : new Sha256(this);
    }
  }

  /** A new instance. */
  public static PageDigest newInstance(Algorithm algorithm) {
    return switch (algorithm) {
      case CRC64 -> new Crc64(algorithm);
      case SHA256 -> new Sha256(algorithm);
    };
  }

  /**
   * What a page contributes to the digest of memory: its digest bound to its place. Two pages that
   * change places, or two equal pages, do not cancel out.
   *
   * @param pageIndex number of the page through all blocks
   * @param digest of the page's content
   */
  public static long mixed(long pageIndex, long digest) {
    return mix(digest + mix((pageIndex + 1) * GOLDEN));
  }

  /** Which algorithm this is. */
  public final Algorithm algorithm() {
    return algorithm;
  }

  /** The digest of the page that a segment begins with. */
  public final long of(MemorySegment page) {
    return at(page, page.heapBase(), 0);
  }

  /**
   * The digests of pages that follow each other.
   *
   * @param memory begins with them: 4096 bytes each
   * @param into gets them, from index 0
   * @throws IndexOutOfBoundsException where either is too small
   */
  public final void of(MemorySegment memory, int pages, long[] into) {
    Optional<Object> heap = memory.heapBase();
    for (int i = 0; i < pages; i++) {
      into[i] = at(memory, heap, (long) i * Geometry.PAGE_BYTES);
    }
  }

  private long at(MemorySegment memory, Optional<Object> heap, long offset) {
    if (heap.isPresent() && heap.get() instanceof byte[] array) {
      return of(array, Math.toIntExact(memory.address() + offset));
    }
    // The copy stays in the first-level cache, and spares a buffer view per page.
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, copy, 0, Geometry.PAGE_BYTES);
    return of(copy);
  }

  /** The digest of a page given as 4096 bytes. */
  public final long of(byte[] page) {
    return of(page, 0);
  }

  /** The digest of the page that begins at an index of an array. */
  public final long of(byte[] bytes, int at) {
    begin();
    update(bytes, at);
    return end();
  }

  /** Begins a page whose bytes come in pieces: {@link #update} each, then {@link #end}. */
  public abstract void begin();

  /** The next bytes of the page: what remains in a buffer, which is used up. */
  public abstract void update(ByteBuffer piece);

  /** The digest of the bytes since {@link #begin}. */
  public abstract long end();

  abstract void update(byte[] bytes, int at);

  // The finalizer of SplitMix64.
  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D0_49BB_1331_11EBL;
    return z ^ (z >>> 31);
  }

  private static final class Crc64 extends PageDigest {
    private final CRC32C upper = new CRC32C();
    private final CRC32 lower = new CRC32();

    Crc64(Algorithm algorithm) {
      super(algorithm);
    }

    @Override
    public void begin() {
      upper.reset();
      lower.reset();
    }

    @Override
    public void update(ByteBuffer piece) {
      int from = piece.position();
      upper.update(piece);
      lower.update(piece.position(from));
    }

    @Override
    void update(byte[] bytes, int at) {
      upper.update(bytes, at, Geometry.PAGE_BYTES);
      lower.update(bytes, at, Geometry.PAGE_BYTES);
    }

    @Override
    public long end() {
      return upper.getValue() << 32 | lower.getValue();
    }
  }

  private static final class Sha256 extends PageDigest {
    private final MessageDigest sha256;
    private final byte[] digest = new byte[32];

    Sha256(Algorithm algorithm) {
      super(algorithm);
      try {
        sha256 = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException impossible) {
        throw new IllegalStateException("every Java platform has SHA-256", impossible);
      }
    }

    @Override
    public void begin() {
      sha256.reset();
    }

    @Override
    public void update(ByteBuffer piece) {
      sha256.update(piece);
    }

    @Override
    void update(byte[] bytes, int at) {
      sha256.update(bytes, at, Geometry.PAGE_BYTES);
    }

    @Override
    public long end() {
      try {
        sha256.digest(digest, 0, digest.length);
      } catch (DigestException impossible) {
        throw new IllegalStateException("SHA-256 has 32 bytes", impossible);
      }
      long first = 0;
      for (int i = 0; i < Long.BYTES; i++) {
        first = first << 8 | (digest[i] & 0xff);
      }
      return first;
    }
  }
}
