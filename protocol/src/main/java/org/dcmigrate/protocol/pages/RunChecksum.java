package org.dcmigrate.protocol.pages;

import java.util.OptionalInt;
import org.dcmigrate.protocol.Geometry;

/**
 * The CRC-32C of pages that follow each other, put together from their digests, where these hold
 * the CRC-32C of each page. So pages are read once for both, and what a peer relays is checked
 * against the digest under which it came.
 *
 * <p>A checksum of two pieces is that of the first, moved on by as many zero bytes as the second
 * has, and that of the second, added without carry. Moving on is linear: what each bit of the
 * checksum becomes stands in tables.
 */
public final class RunChecksum {
  // Castagnoli's polynomial, least significant bit first.
  private static final int POLYNOMIAL = 0x82F6_3B78;

  /** What each value of each of the four bytes becomes over one page of zeros. */
  private static final int[] OVER_A_PAGE = tables(overZeros(Geometry.PAGE_BYTES));

  private RunChecksum() {}

  /**
   * The checksum of a run of pages.
   *
   * @param digests of pages
   * @param from index of the run's first digest
   * @param to index behind its last one
   * @return empty where digests of this kind do not hold it
   */
  public static OptionalInt of(PageDigest.Algorithm algorithm, long[] digests, int from, int to) {
    return switch (algorithm) {
      case CRC64 -> OptionalInt.of(ofCrc64(digests, from, to));
      case SHA256 -> OptionalInt.empty();
    };
  }

  private static int ofCrc64(long[] digests, int from, int to) {
    int crc = 0;
    for (int i = from; i < to; i++) {
      crc = overAPage(crc) ^ (int) (digests[i] >>> 32);
    }
    return crc;
  }

  private static int overAPage(int crc) {
    return OVER_A_PAGE[crc & 0xff]
        ^ OVER_A_PAGE[0x100 | ((crc >>> 8) & 0xff)]
        ^ OVER_A_PAGE[0x200 | ((crc >>> 16) & 0xff)]
        ^ OVER_A_PAGE[0x300 | (crc >>> 24)];
  }

  private static int[] tables(int[] operator) {
    int[] tables = new int[4 << 8];
    for (int i = 0; i < tables.length; i++) {
      tables[i] = applied(operator, (i & 0xff) << (8 * (i >>> 8)));
    }
    return tables;
  }

  /** What each bit of a checksum becomes over so many zero bytes, a power of two. */
  private static int[] overZeros(int bytes) {
    int[] operator = new int[Integer.SIZE];
    operator[0] = POLYNOMIAL;
    for (int bit = 1; bit < operator.length; bit++) {
      operator[bit] = 1 << (bit - 1);
    }
    // That was one zero bit; each squaring doubles it.
    for (int bits = 1; bits < bytes * Byte.SIZE; bits *= 2) {
      int[] squared = new int[Integer.SIZE];
      for (int bit = 0; bit < squared.length; bit++) {
        squared[bit] = applied(operator, operator[bit]);
      }
      operator = squared;
    }
    return operator;
  }

  private static int applied(int[] operator, int crc) {
    int sum = 0;
    for (int left = crc; left != 0; left &= left - 1) {
      sum ^= operator[Integer.numberOfTrailingZeros(left)];
    }
    return sum;
  }
}
