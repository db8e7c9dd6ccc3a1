package org.dcmigrate.peer.guest.synthetic;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import org.dcmigrate.protocol.Geometry;

/**
 * What stands in a page: a pure function of seed, page and version.
 *
 * <pre>
 *    0  8  "DCMPAGE1"
 *    8  8  seed
 *   16  8  number of the page through all blocks
 *   24  8  version, at least 1
 *   32 ..  pseudo-random words made from the three; of those after the first 64 bytes, as many
 *          lines of 64 bytes as the guest has repeated percents are one constant word instead
 * </pre>
 *
 * <p>All words are little-endian. Version 0 is a page of zeros.
 */
final class PageContent {
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long MAGIC = 0x3145_4741_504D_4344L;
  private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;
  private static final int SEED_AT = 8;
  private static final int INDEX_AT = 16;
  private static final int VERSION_AT = 24;
  private static final int BODY_AT = 32;
  private static final int LINE_BYTES = 64;
  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofArray(new long[Geometry.PAGE_BYTES / Long.BYTES]);

  private PageContent() {}

  /** Whether a page is zero at first. */
  static boolean startsAsZero(SyntheticSpec spec, long index) {
    return Long.remainderUnsigned(mix(spec.seed() + mix(index)), 100) < spec.zeroPercent();
  }

  /** The version that stands in a page; 0 for a page of zeros. */
  static long version(MemorySegment memory, long offset) {
    return memory.get(WORD, offset + VERSION_AT);
  }

  static void write(
      MemorySegment memory, long offset, SyntheticSpec spec, long index, long version) {
    long seed = spec.seed();
    memory.set(WORD, offset, MAGIC);
    memory.set(WORD, offset + SEED_AT, seed);
    memory.set(WORD, offset + INDEX_AT, index);
    memory.set(WORD, offset + VERSION_AT, version);
    long state = body(seed, index, version);
    for (int at = BODY_AT; at < Geometry.PAGE_BYTES; at += Long.BYTES) {
      state += GOLDEN;
      memory.set(WORD, offset + at, isRepeated(spec, at) ? GOLDEN : mix(state));
    }
  }

  static boolean isZero(MemorySegment memory, long offset) {
    return MemorySegment.mismatch(
            memory, offset, offset + Geometry.PAGE_BYTES, ZERO_PAGE, 0, Geometry.PAGE_BYTES)
        < 0;
  }

  /** What is wrong with a page of this guest, if anything is. */
  static Optional<String> fault(MemorySegment memory, long offset, SyntheticSpec spec, long index) {
    long version = version(memory, offset);
    if (version == 0) {
      boolean right = startsAsZero(spec, index) && isZero(memory, offset);
      return right ? Optional.empty() : Optional.of("page " + index + " lost its contents");
    }
    if (memory.get(WORD, offset) != MAGIC
        || memory.get(WORD, offset + SEED_AT) != spec.seed()
        || memory.get(WORD, offset + INDEX_AT) != index) {
      return Optional.of("page " + index + " has a wrong header");
    }
    long state = body(spec.seed(), index, version);
    for (int at = BODY_AT; at < Geometry.PAGE_BYTES; at += Long.BYTES) {
      state += GOLDEN;
      if (memory.get(WORD, offset + at) != (isRepeated(spec, at) ? GOLDEN : mix(state))) {
        return Optional.of(
            "page %d of version %d differs at byte %d".formatted(index, version, at));
      }
    }
    return Optional.empty();
  }

  /** Whether the line of a word is among the repeated ones, which are spread over the page. */
  private static boolean isRepeated(SyntheticSpec spec, int at) {
    int line = at / LINE_BYTES;
    return line > 0 && line * 37 % 100 < spec.repeatedPercent();
  }

  /** The finalizer of SplitMix64. */
  static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D0_49BB_1331_11EBL;
    return z ^ (z >>> 31);
  }

  private static long body(long seed, long index, long version) {
    return mix(seed + mix(index + mix(version)));
  }
}
