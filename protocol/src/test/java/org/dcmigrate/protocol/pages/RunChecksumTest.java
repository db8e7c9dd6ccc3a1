package org.dcmigrate.protocol.pages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.dcmigrate.protocol.Geometry;
import org.junit.jupiter.api.Test;

class RunChecksumTest {
  private static final int PAGES = 300;

  private final byte[] contents = contents();
  private final long[] digests = digests();

  @Test
  void isTheChecksumOfThePagesTogether() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 50; i++) {
      int from = random.nextInt(PAGES);
      int to = random.nextInt(from, PAGES + 1);
      CRC32C whole = new CRC32C();
      whole.update(contents, from * Geometry.PAGE_BYTES, (to - from) * Geometry.PAGE_BYTES);
      assertThat(RunChecksum.of(PageDigest.Algorithm.CRC64, digests, from, to))
          .as("pages %d to %d", from, to)
          .hasValue((int) whole.getValue());
    }
  }

  @Test
  void anotherKindOfDigestDoesNotHoldIt() {
    assertThat(RunChecksum.of(PageDigest.Algorithm.SHA256, digests, 0, PAGES)).isEmpty();
  }

  private static byte[] contents() {
    byte[] contents = new byte[PAGES * Geometry.PAGE_BYTES];
    new SplittableRandom(3).nextBytes(contents);
    // Every third page is zero.
    for (int page = 0; page < PAGES; page += 3) {
      Arrays.fill(contents, page * Geometry.PAGE_BYTES, (page + 1) * Geometry.PAGE_BYTES, (byte) 0);
    }
    return contents;
  }

  private long[] digests() {
    PageDigest digest = PageDigest.newInstance(PageDigest.Algorithm.CRC64);
    long[] all = new long[PAGES];
    Arrays.setAll(all, page -> digest.of(contents, page * Geometry.PAGE_BYTES));
    return all;
  }
}
