package org.dcmigrate.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.Drainable;
import io.grpc.HasByteBuffer;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.TransferOpen;
import org.dcmigrate.v1.TransferRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransferCodecTest {
  private static final MethodDescriptor.Marshaller<TransferMessage> CODEC =
      TransferCodec.method().getRequestMarshaller();
  private static final Attempt ATTEMPT = new Attempt(new MigrationId(new UUID(1, 2)), 3);

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 16, 64, 255, 256})
  void chunksAreWrittenAsTheGeneratedClassesWriteThem(int pages) throws IOException {
    byte[] payload = bytes(pages, pages * 4096);
    TransferMessage.Chunk chunk =
        TransferMessage.Chunk.of(2, 1L << 33, -5, MemorySegment.ofArray(payload));
    TransferRequest generated = generated(chunk, payload);
    assertThat(drained(chunk)).isEqualTo(generated.toByteArray());
    assertThat(CODEC.stream(chunk).readAllBytes()).isEqualTo(generated.toByteArray());
    assertThat(CODEC.stream(chunk).available()).isEqualTo(generated.getSerializedSize());
    assertThat(TransferRequest.parseFrom(drained(chunk))).isEqualTo(generated);
  }

  @Test
  void zeroChunksAndOpenAreWrittenAsTheGeneratedClassesWriteThem() throws IOException {
    TransferMessage.Chunk zero = TransferMessage.Chunk.zero(0, 0, 1L << 34, 1);
    assertThat(drained(zero)).isEqualTo(generated(zero, new byte[0]).toByteArray());
    assertThat(drained(new TransferMessage.Open(ATTEMPT)))
        .isEqualTo(
            TransferRequest.newBuilder()
                .setOpen(TransferOpen.newBuilder().setAttempt(Wire.attempt(ATTEMPT)))
                .build()
                .toByteArray());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void readsWhatTheGeneratedClassesWrite(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] payload = bytes(seed, (1 + random.nextInt(8)) * 4096);
    TransferMessage.Chunk chunk =
        TransferMessage.Chunk.of(
            random.nextInt(4096), random.nextLong(), 1, MemorySegment.ofArray(payload));
    byte[] encoded = generated(chunk, payload).toByteArray();
    same(CODEC.parse(new ByteArrayInputStream(encoded)), chunk, payload);
    same(CODEC.parse(new Shreds(encoded, 1 + random.nextInt(9000))), chunk, payload);
    same(CODEC.parse(new Shreds(encoded, 1)), chunk, payload);
    same(CODEC.parse(CODEC.stream(chunk)), chunk, payload);
    assertThat(CODEC.parse(CODEC.stream(new TransferMessage.Open(ATTEMPT))))
        .isEqualTo(new TransferMessage.Open(ATTEMPT));
  }

  /** Fields in any order, again and again, in parts, with unknown ones between. */
  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
  void readsAnyEncodingAsTheGeneratedClassesDo(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 200; round++) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      for (int part = 0; part <= random.nextInt(3); part++) {
        byte[] chunk = randomFields(random);
        unknown(random, out);
        out.writeByteArray(TransferRequest.CHUNK_FIELD_NUMBER, chunk);
      }
      out.flush();
      compare(bytes.toByteArray(), random);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void survivesAnything(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] valid =
        generated(
                TransferMessage.Chunk.of(1, 2, 3, MemorySegment.ofArray(new byte[4096])),
                new byte[4096])
            .toByteArray();
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = valid.clone();
      for (int flip = 0; flip <= random.nextInt(4); flip++) {
        bytes[random.nextInt(random.nextBoolean() ? 24 : bytes.length)] = (byte) random.nextInt();
      }
      compare(Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)), random);
    }
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] payload = bytes(5, 4096);
    byte[] valid =
        generated(TransferMessage.Chunk.of(1, 2, 3, MemorySegment.ofArray(payload)), payload)
            .toByteArray();
    for (int length = 0; length < valid.length; length++) {
      TransferMessage parsed = CODEC.parse(new ByteArrayInputStream(Arrays.copyOf(valid, length)));
      assertThat(reason(parsed)).isEqualTo(Reason.FIELD_INVALID);
    }
  }

  @Test
  void refusesWithTheRightReason() {
    PageChunk.Builder chunk =
        PageChunk.newBuilder().setPageCount(1).setGeneration(1).setPayload(zeros(4096));
    assertThat(reason(chunk.clone().setGeneration(0))).isEqualTo(Reason.GENERATION_INVALID);
    assertThat(reason(chunk.clone().setPageCount(2))).isEqualTo(Reason.FIELD_INVALID);
    assertThat(reason(chunk.clone().setPageCount(0))).isEqualTo(Reason.FIELD_INVALID);
    assertThat(reason(chunk.clone().setPayload(zeros(4095)))).isEqualTo(Reason.FIELD_INVALID);
    assertThat(reason(chunk.clone().setPageCount(257).setPayload(zeros(257 * 4096))))
        .isEqualTo(Reason.CHUNK_TOO_LARGE);
    assertThat(reason(chunk.clone().setPageCount(256).setPayload(zeros((1 << 20) + 8))))
        .isEqualTo(Reason.CHUNK_TOO_LARGE);
    assertThat(reason(TransferRequest.getDefaultInstance())).isEqualTo(Reason.FIELD_INVALID);
    assertThat(
            reason(TransferRequest.newBuilder().setOpen(TransferOpen.getDefaultInstance()).build()))
        .isEqualTo(Reason.FIELD_INVALID);
    UnknownFieldSet ballast =
        UnknownFieldSet.newBuilder()
            .addField(
                9, UnknownFieldSet.Field.newBuilder().addLengthDelimited(zeros(1 << 21)).build())
            .build();
    assertThat(reason(chunk.clone().setUnknownFields(ballast))).isEqualTo(Reason.CHUNK_TOO_LARGE);
  }

  @Test
  void theHeadOfAFrameIsCheckedBeforeAnythingIsDecompressed() {
    PageChunk.Builder chunk =
        PageChunk.newBuilder()
            .setPageCount(2)
            .setGeneration(1)
            .setCompression(PageCompression.PAGE_COMPRESSION_ZSTD);
    // Magic, descriptor, window where there is one, content size, one run of 8192 bytes.
    for (String right :
        List.of(
            "28b52ffd60001f03000111",
            "28b52ffda00020000003000111",
            "28b52ffde0002000000000000003000111",
            "28b52ffd4000001f03000111",
            "28b52ffd4050001f03000111",
            "28b52ffd64001f0300011100000000")) {
      chunk.setPayload(ByteString.fromHex(right));
      TransferMessage read = CODEC.parse(new ByteArrayInputStream(message(chunk).toByteArray()));
      assertThat(read).as(right).isInstanceOf(TransferMessage.Chunk.class);
      assertThat(((TransferMessage.Chunk) read).contentBytes()).isEqualTo(8192);
    }
    for (String wrong :
        List.of(
            "",
            "28b52f",
            "28b52ffd",
            "29b52ffd60001f03000111", // another magic
            "28b52ffd60011f03000111", // 8193 bytes
            "28b52ffd60000f03000111", // 4096 bytes
            "28b52ffde0002000000100000003000111", // 2^32 + 8192 bytes
            "28b52ffde00020000000000080", // 2^63 + 8192 bytes
            "28b52ffd20ff03000111", // 255 bytes
            "28b52ffd000003000111", // no size
            "28b52ffd4051001f03000111", // window of 1 MiB + 128 KiB
            "28b52ffd40ff001f03000111", // the largest window
            "28b52ffd6109001f03000111", // a dictionary
            "28b52ffd68001f03000111", // a reserved bit
            "28b52ffd6000", // cut in its head
            "28b52ffd4000")) {
      assertThat(reason(chunk.clone().setPayload(ByteString.fromHex(wrong))))
          .as(wrong)
          .isEqualTo(Reason.FIELD_INVALID);
    }
    ByteString right = ByteString.fromHex("28b52ffd60001f03000111");
    chunk.setPayload(right);
    assertThat(reason(chunk.clone().setCompressionValue(2))).isEqualTo(Reason.FIELD_INVALID);
    assertThat(reason(chunk.clone().clearCompression())).isEqualTo(Reason.FIELD_INVALID);
    assertThat(reason(chunk.clone().setPageCount(0))).isEqualTo(Reason.FIELD_INVALID);
    assertThat(reason(chunk.clone().setPageCount(257))).isEqualTo(Reason.CHUNK_TOO_LARGE);
    assertThat(reason(chunk.clone().setPageCount(-1))).isEqualTo(Reason.CHUNK_TOO_LARGE);
    assertThat(reason(chunk.clone().setGeneration(0))).isEqualTo(Reason.GENERATION_INVALID);
    assertThat(reason(chunk.clone().setPayload(right.concat(zeros(8192 - right.size())))))
        .as("as long as its pages")
        .isEqualTo(Reason.FIELD_INVALID);
  }

  private static TransferRequest message(PageChunk.Builder chunk) {
    return TransferRequest.newBuilder().setChunk(chunk).build();
  }

  @Test
  void aMalformedMessageIsNotSent() {
    TransferMessage malformed =
        new TransferMessage.Malformed(new Failure(Reason.FIELD_INVALID, "no"));
    assertThatThrownBy(() -> CODEC.stream(malformed)).isInstanceOf(IllegalArgumentException.class);
  }

  private static void compare(byte[] bytes, SplittableRandom random) {
    InputStream stream =
        random.nextBoolean() ? new ByteArrayInputStream(bytes) : new Shreds(bytes, 7);
    TransferMessage parsed = CODEC.parse(stream);
    try {
      TransferRequest expected = TransferRequest.parseFrom(bytes);
      if (parsed instanceof TransferMessage.Chunk chunk) {
        same(parsed, expected.getChunk());
        assertThat(chunk.pageCount()).isEqualTo(expected.getChunk().getPageCount());
      } else if (parsed instanceof TransferMessage.Open open) {
        assertThat(Wire.attempt(open.attempt())).isEqualTo(expected.getOpen().getAttempt());
      } else {
        assertThat(isAcceptable(expected)).isFalse();
      }
    } catch (InvalidProtocolBufferException malformed) {
      assertThat(parsed).isInstanceOf(TransferMessage.Malformed.class);
    }
  }

  private static boolean isAcceptable(TransferRequest request) {
    PageChunk chunk = request.getChunk();
    int payload = chunk.getPayload().size();
    return request.hasChunk()
        && chunk.getGeneration() != 0
        && (payload == 0 || (chunk.getPageCount() * 4096 == payload && payload <= 1 << 20));
  }

  private static byte[] randomFields(SplittableRandom random) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (int field = 0; field < 12; field++) {
      switch (random.nextInt(8)) {
        case 0 -> out.writeUInt32(PageChunk.BLOCK_FIELD_NUMBER, random.nextInt());
        case 1 -> out.writeUInt64(PageChunk.FIRST_PAGE_FIELD_NUMBER, random.nextLong());
        case 2, 3 -> out.writeUInt64(PageChunk.PAGE_COUNT_FIELD_NUMBER, random.nextInt(1, 3));
        case 4 -> out.writeUInt32(PageChunk.GENERATION_FIELD_NUMBER, random.nextInt());
        case 5 -> out.writeFixed32(PageChunk.PAYLOAD_CRC32C_FIELD_NUMBER, random.nextInt());
        case 6 ->
            out.writeByteArray(
                PageChunk.PAYLOAD_FIELD_NUMBER, bytes(random.nextLong(), 4096 * random.nextInt(3)));
        default -> unknown(random, out);
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  private static void unknown(SplittableRandom random, CodedOutputStream out) throws IOException {
    switch (random.nextInt(6)) {
      case 0 -> out.writeUInt64(100, random.nextLong());
      case 1 -> out.writeFixed64(101, random.nextLong());
      case 2 -> out.writeByteArray(102, bytes(1, random.nextInt(20)));
      case 3 -> {
        out.writeTag(103, 3);
        out.writeUInt32(1, random.nextInt());
        out.writeTag(103, 4);
      }
      case 4 -> out.writeFixed32(104, random.nextInt());
      default -> {}
    }
  }

  private static void same(TransferMessage parsed, TransferMessage.Chunk chunk, byte[] payload) {
    assertThat(parsed).isInstanceOf(TransferMessage.Chunk.class);
    same(parsed, generated(chunk, payload).getChunk());
    assertThat(((TransferMessage.Chunk) parsed).payload().crc32c())
        .isEqualTo(chunk.payload().crc32c());
  }

  private static void same(TransferMessage parsed, PageChunk expected) {
    TransferMessage.Chunk chunk = (TransferMessage.Chunk) parsed;
    assertThat(chunk.block()).isEqualTo(expected.getBlock());
    assertThat(chunk.firstPage()).isEqualTo(expected.getFirstPage());
    assertThat(chunk.pageCount()).isEqualTo(expected.getPageCount());
    assertThat(chunk.generation()).isEqualTo(expected.getGeneration());
    assertThat(chunk.payloadCrc32c()).isEqualTo(expected.getPayloadCrc32C());
    byte[] payload = new byte[(int) chunk.payloadBytes()];
    assertThat(chunk.payload().reader().read(payload, 0, payload.length)).isEqualTo(payload.length);
    assertThat(payload).isEqualTo(expected.getPayload().toByteArray());
  }

  private static TransferRequest generated(TransferMessage.Chunk chunk, byte[] payload) {
    return TransferRequest.newBuilder()
        .setChunk(
            PageChunk.newBuilder()
                .setBlock(chunk.block())
                .setFirstPage(chunk.firstPage())
                .setPageCount(chunk.pageCount())
                .setGeneration(chunk.generation())
                .setPayloadCrc32C(chunk.payloadCrc32c())
                .setPayload(ByteString.copyFrom(payload)))
        .build();
  }

  private static byte[] drained(TransferMessage message) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    InputStream stream = CODEC.stream(message);
    int expected = stream.available();
    assertThat(((Drainable) stream).drainTo(out)).isEqualTo(expected);
    return out.toByteArray();
  }

  private static Reason reason(PageChunk.Builder chunk) {
    return reason(TransferRequest.newBuilder().setChunk(chunk).build());
  }

  private static Reason reason(TransferRequest request) {
    return reason(CODEC.parse(new ByteArrayInputStream(request.toByteArray())));
  }

  private static Reason reason(TransferMessage parsed) {
    assertThat(parsed).isInstanceOf(TransferMessage.Malformed.class);
    return ((TransferMessage.Malformed) parsed).why().reason();
  }

  private static ByteString zeros(int length) {
    return ByteString.copyFrom(new byte[length]);
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  /** A message as a transport holds it: in pieces, freed when passed over unless marked. */
  private static final class Shreds extends InputStream implements HasByteBuffer {
    private final List<ByteBuffer> pieces = new ArrayList<>();
    private boolean marked;

    Shreds(byte[] bytes, int pieceBytes) {
      for (int at = 0; at < bytes.length; at += pieceBytes) {
        pieces.add(ByteBuffer.wrap(bytes, at, Math.min(pieceBytes, bytes.length - at)).slice());
      }
    }

    @Override
    public boolean byteBufferSupported() {
      return true;
    }

    @Override
    public boolean markSupported() {
      return true;
    }

    @Override
    public synchronized void mark(int limit) {
      marked = true;
    }

    @Override
    @SuppressWarnings("NullAway") // The interface says null where there is nothing more.
    public ByteBuffer getByteBuffer() {
      return pieces.isEmpty() ? null : pieces.getFirst().asReadOnlyBuffer();
    }

    @Override
    public long skip(long length) {
      assertThat(marked).isTrue();
      assertThat(length).isEqualTo(pieces.removeFirst().remaining());
      return length;
    }

    @Override
    public int read() {
      if (pieces.isEmpty()) {
        return -1;
      }
      int next = pieces.getFirst().get() & 0xff;
      if (!pieces.getFirst().hasRemaining()) {
        pieces.removeFirst();
      }
      return next;
    }

    @Override
    public int read(byte[] into, int at, int length) {
      int next = length == 0 ? 0 : read();
      if (next < 0) {
        return -1;
      }
      if (length > 0) {
        into[at] = (byte) next;
      }
      return Math.min(1, length);
    }
  }
}
