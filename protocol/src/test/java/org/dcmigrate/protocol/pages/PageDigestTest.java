package org.dcmigrate.protocol.pages;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PageDigestTest {
  private final byte[] page = page(1);

  @Test
  void crc64IsCrc32cAndCrc32() {
    CRC32C upper = new CRC32C();
    upper.update(page);
    CRC32 lower = new CRC32();
    lower.update(page);
    assertThat(PageDigest.newInstance(PageDigest.Algorithm.CRC64).of(page))
        .isEqualTo(upper.getValue() << 32 | lower.getValue());
  }

  @Test
  void sha256IsItsFirstEightBytes() throws Exception {
    byte[] whole = MessageDigest.getInstance("SHA-256").digest(page);
    assertThat(PageDigest.newInstance(PageDigest.Algorithm.SHA256).of(page))
        .isEqualTo(ByteBuffer.wrap(whole).getLong());
  }

  @Test
  void theValuesOfTheSpecificationStay() {
    assertThat(PageDigest.Algorithm.CRC64.zeroPage()).isEqualTo(0x98f9_4189_c71c_0011L);
    assertThat(PageDigest.Algorithm.SHA256.zeroPage()).isEqualTo(0xad7f_acb2_586f_c6e9L);
    byte[] counting = new byte[4096];
    for (int i = 0; i < counting.length; i++) {
      counting[i] = (byte) (i % 251);
    }
    long crc64 = PageDigest.newInstance(PageDigest.Algorithm.CRC64).of(counting);
    assertThat(crc64).isEqualTo(0x7190_77fc_d465_f907L);
    assertThat(PageDigest.newInstance(PageDigest.Algorithm.SHA256).of(counting))
        .isEqualTo(0xd67c_656e_0175_6650L);
    assertThat(PageDigest.mixed(0, 0)).isEqualTo(0x4821_8226_ff3c_d4bfL);
    assertThat(PageDigest.mixed(1, crc64)).isEqualTo(0x43b0_dce1_123d_5610L);
  }

  @ParameterizedTest
  @EnumSource
  void anInstanceCanBeUsedAgain(PageDigest.Algorithm algorithm) {
    PageDigest digest = PageDigest.newInstance(algorithm);
    long first = digest.of(page);
    assertThat(digest.of(new byte[4096])).isEqualTo(algorithm.zeroPage());
    assertThat(digest.of(page)).isEqualTo(first);
  }

  @ParameterizedTest
  @EnumSource
  void pagesInARowGiveTheSame(PageDigest.Algorithm algorithm) {
    PageDigest digest = PageDigest.newInstance(algorithm);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(3 * 4096);
      MemorySegment.copy(MemorySegment.ofArray(page), 0, memory, 4096, 4096);
      MemorySegment array = MemorySegment.ofArray(memory.toArray(ValueLayout.JAVA_BYTE));
      for (MemorySegment each : List.of(memory, array)) {
        long[] digests = new long[2];
        digest.of(each, 2, digests);
        assertThat(digests).containsExactly(algorithm.zeroPage(), digest.of(page));
        digest.of(each.asSlice(4096), 1, digests);
        assertThat(digests[0]).isEqualTo(digest.of(page));
      }
    }
  }

  @Test
  void placesDoNotCancelOut() {
    assertThat(PageDigest.mixed(3, 7) + PageDigest.mixed(4, 9))
        .isNotEqualTo(PageDigest.mixed(3, 9) + PageDigest.mixed(4, 7));
  }

  private static byte[] page(long seed) {
    byte[] page = new byte[4096];
    new SplittableRandom(seed).nextBytes(page);
    return page;
  }
}
