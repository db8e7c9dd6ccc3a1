package org.dcmigrate.peer.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Compression;
import org.dcmigrate.protocol.wire.PagePayload;
import org.dcmigrate.protocol.wire.TransferCodec;
import org.dcmigrate.protocol.wire.TransferMessage;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chunks compressed, over the codec, and back; and frames that nobody ought to send. */
class ChunkCompressionTest {
  private final ChunkDeflater deflater = new ChunkDeflater();
  private final ChunkInflater inflater = new ChunkInflater();

  @AfterEach
  void close() {
    inflater.close();
  }

  /** Half random, half the same everywhere. */
  private static byte[] contents(long seed, int pages) {
    byte[] bytes = new byte[pages * 4096];
    SplittableRandom random = new SplittableRandom(seed);
    for (int at = 0; at < bytes.length; at += 128) {
      byte[] line = new byte[64];
      random.nextBytes(line);
      System.arraycopy(line, 0, bytes, at, 64);
    }
    return bytes;
  }

  private static byte[] bytes(PagePayload payload) {
    byte[] bytes = new byte[(int) payload.bytes()];
    assertThat(payload.reader().read(bytes, 0, bytes.length)).isEqualTo(bytes.length);
    return bytes;
  }

  private static TransferMessage overTheWire(Chunk chunk) throws Exception {
    byte[] message = TransferCodec.method().streamRequest(chunk).readAllBytes();
    return TransferCodec.method().parseRequest(new ByteArrayInputStream(message));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 64, 255, 256})
  void pagesComeBackAsTheyWere(int pages) throws Exception {
    for (int round = 0; round < 3; round++) {
      byte[] contents = contents(round + pages, pages);
      Chunk chunk = Chunk.of(1, 7, 3, MemorySegment.ofArray(contents));
      Chunk packed = deflater.deflate(chunk);
      assertThat(packed.compression()).isEqualTo(Compression.ZSTD);
      assertThat(packed.payloadBytes()).isLessThan(contents.length * 2 / 3);
      assertThat(packed.contentBytes()).isEqualTo(contents.length);
      Chunk arrived = (Chunk) overTheWire(packed);
      assertThat(arrived.compression()).isEqualTo(Compression.ZSTD);
      assertThat(arrived.payloadCrc32c()).isEqualTo(chunk.payloadCrc32c());
      Chunk back = inflater.inflate(arrived);
      assertThat(back.compression()).isEqualTo(Compression.NONE);
      assertThat(back.extent()).isEqualTo(chunk.extent());
      assertThat(back.payload().crc32c()).isEqualTo(chunk.payloadCrc32c());
      assertThat(bytes(back.payload())).isEqualTo(contents);
    }
  }

  @Test
  void memoryOutsideOfTheHeapIsCompressedWhereItIs() throws Exception {
    byte[] contents = contents(5, 16);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = arena.allocate(contents.length, 4096);
      MemorySegment.copy(contents, 0, mapped, ValueLayout.JAVA_BYTE, 0, contents.length);
      Chunk packed = deflater.deflate(Chunk.of(0, 0, 1, mapped));
      assertThat(bytes(inflater.inflate(packed).payload())).isEqualTo(contents);
    }
  }

  @Test
  void whatCannotBeCompressedStaysAsItIs() {
    byte[] contents = new byte[64 * 4096];
    new SplittableRandom(1).nextBytes(contents);
    Chunk chunk = Chunk.of(0, 0, 1, MemorySegment.ofArray(contents));
    assertThat(deflater.deflate(chunk)).isSameAs(chunk);
  }

  @Test
  void aFrameInPiecesIsPutTogether() throws Exception {
    byte[] contents = contents(9, 8);
    byte[] frame = Zstd.compress(contents);
    MemorySegment whole = MemorySegment.ofArray(frame);
    PagePayload pieces =
        PagePayload.of(List.of(whole.asSlice(0, 5), whole.asSlice(5, 100), whole.asSlice(105)));
    Chunk chunk = new Chunk(0, 0, 8, 1, 0, Compression.ZSTD, pieces);
    assertThat(bytes(inflater.inflate(chunk).payload())).isEqualTo(contents);
  }

  private static Chunk frame(int pages, byte[] frame) {
    return new Chunk(
        0, 0, pages, 1, 0, Compression.ZSTD, PagePayload.of(MemorySegment.ofArray(frame)));
  }

  private void refused(Chunk chunk, Reason reason) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(() -> inflater.inflate(chunk))
        .matches(why -> why.reason() == reason, reason.name());
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  @Test
  void aFrameWithSomethingBehindIsRefused() throws Exception {
    byte[] contents = contents(2, 2);
    byte[] frame = Zstd.compress(contents);
    byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9};
    refused(frame(2, joined(frame, skippable)), Reason.FIELD_INVALID);
    refused(frame(2, joined(frame, frame)), Reason.FIELD_INVALID);
    refused(frame(2, joined(frame, new byte[] {0})), Reason.FIELD_INVALID);
    assertThat(bytes(inflater.inflate(frame(2, frame)).payload())).isEqualTo(contents);
  }

  @Test
  void aFrameThatHoldsMoreOrLessThanItSaysIsRefused() {
    byte[] two = Zstd.compress(contents(2, 2));
    refused(frame(1, two), Reason.CHECKSUM_MISMATCH);
    refused(frame(3, two), Reason.CHECKSUM_MISMATCH);
    // 1 MiB that pretends to be a page: single segment, size of two bytes, 8 blocks of 128 KiB.
    byte[] bomb = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0x60, 0x00, 0x0f};
    byte[] block = {0x02, 0x00, 0x10, 0x00};
    byte[] last = {0x03, 0x00, 0x10, 0x00};
    refused(
        frame(1, joined(bomb, block, block, block, block, block, block, block, last)),
        Reason.CHECKSUM_MISMATCH);
  }

  @Test
  void noFrameThatIsCutOrSpoiltDoesHarm() throws Exception {
    byte[] contents = contents(4, 4);
    byte[] frame = Zstd.compress(contents);
    SplittableRandom random = new SplittableRandom(1);
    for (int length = 1; length < frame.length; length += 17) {
      refused(frame(4, Arrays.copyOf(frame, length)), Reason.CHECKSUM_MISMATCH);
    }
    int decoded = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] spoilt = frame.clone();
      for (int flip = 0; flip <= random.nextInt(3); flip++) {
        spoilt[random.nextInt(random.nextBoolean() ? 32 : spoilt.length)] ^=
            (byte) (1 << random.nextInt(8));
      }
      try {
        // The checksum of the pages finds what decodes to something else.
        assertThat(inflater.inflate(frame(4, spoilt)).payload().bytes()).isEqualTo(4 * 4096);
        decoded++;
      } catch (DcmException refused) {
        assertThat(refused.reason()).isIn(Reason.CHECKSUM_MISMATCH, Reason.FIELD_INVALID);
      }
    }
    assertThat(decoded).isBetween(1, 19_999);
    assertThat(bytes(inflater.inflate(frame(4, frame)).payload())).isEqualTo(contents);
  }
}
