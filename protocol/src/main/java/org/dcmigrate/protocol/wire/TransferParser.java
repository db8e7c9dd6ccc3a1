package org.dcmigrate.protocol.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.TransferOpen;
import org.dcmigrate.v1.TransferRequest;

/**
 * Reads one {@code dcm.v1.TransferRequest} as the generated classes would: fields in any order, the
 * last one wins, messages that come in parts are merged, unknown fields are passed over.
 */
final class TransferParser {
  /** Tag of a chunk. */
  static final int CHUNK =
      tag(TransferRequest.CHUNK_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);

  /** Tag of a chunk's payload. */
  static final int PAYLOAD =
      tag(PageChunk.PAYLOAD_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);

  private static final int OPEN =
      tag(TransferRequest.OPEN_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
  private static final int BLOCK = tag(PageChunk.BLOCK_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
  private static final int FIRST_PAGE =
      tag(PageChunk.FIRST_PAGE_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
  private static final int PAGE_COUNT =
      tag(PageChunk.PAGE_COUNT_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
  private static final int GENERATION =
      tag(PageChunk.GENERATION_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
  private static final int CRC =
      tag(PageChunk.PAYLOAD_CRC32C_FIELD_NUMBER, WireFormat.WIRETYPE_FIXED32);
  private static final int COMPRESSION =
      tag(PageChunk.COMPRESSION_FIELD_NUMBER, WireFormat.WIRETYPE_VARINT);
  private static final int DEEPEST_GROUP = 100;

  private final Fragments in;
  private Optional<TransferOpen.Builder> open = Optional.empty();
  private Optional<Fields> chunk = Optional.empty();

  TransferParser(Fragments in) {
    this.in = in;
  }

  /** The fields of a chunk, zero where they did not come. */
  private static final class Fields {
    private int block;
    private long firstPage;
    private long pageCount;
    private int generation;
    private int crc;
    private int compression;
    private List<MemorySegment> payload = List.of();
  }

  /**
   * Reads the message.
   *
   * @throws DcmException FIELD_INVALID, CHUNK_TOO_LARGE or GENERATION_INVALID
   */
  TransferMessage parse() throws DcmException {
    while (in.remaining() > 0) {
      int tag = (int) in.varint();
      if (tag == OPEN) {
        chunk = Optional.empty();
        open = Optional.of(merged(open.orElseGet(TransferOpen::newBuilder), in.bytes(in.length())));
      } else if (tag == CHUNK) {
        open = Optional.empty();
        Fields fields = chunk.orElseGet(Fields::new);
        chunk = Optional.of(fields);
        int length = in.length();
        parse(fields, in.remaining() - length);
      } else {
        skip(tag, 0);
      }
    }
    if (open.isPresent()) {
      return new TransferMessage.Open(Wire.attempt(open.get().getAttempt()));
    }
    return checked(
        chunk.orElseThrow(
            () ->
                Fragments.malformed(
                    "a transfer message must hold open or chunk, but holds neither")));
  }

  private static TransferOpen.Builder merged(TransferOpen.Builder open, byte[] bytes)
      throws DcmException {
    try {
      return open.mergeFrom(bytes);
    } catch (InvalidProtocolBufferException malformed) {
      throw Fragments.malformed("a transfer message holds a malformed open");
    }
  }

  private void parse(Fields fields, int remainingAfter) throws DcmException {
    while (in.remaining() > remainingAfter) {
      int tag = (int) in.varint();
      if (tag == BLOCK) {
        fields.block = (int) in.varint();
      } else if (tag == FIRST_PAGE) {
        fields.firstPage = in.varint();
      } else if (tag == PAGE_COUNT) {
        fields.pageCount = in.varint();
      } else if (tag == GENERATION) {
        fields.generation = (int) in.varint();
      } else if (tag == CRC) {
        fields.crc = in.fixed32();
      } else if (tag == COMPRESSION) {
        fields.compression = (int) in.varint();
      } else if (tag == PAYLOAD) {
        fields.payload = in.take(in.length());
      } else {
        skip(tag, 0);
      }
    }
    if (in.remaining() != remainingAfter) {
      throw Fragments.malformed("a field of a chunk reaches beyond the chunk");
    }
  }

  private static TransferMessage checked(Fields fields) throws DcmException {
    PagePayload payload =
        fields.payload.isEmpty() ? PagePayload.EMPTY : PagePayload.of(fields.payload);
    if (payload.bytes() > TransferCodec.MAX_PAYLOAD_BYTES) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "a chunk may have at most 1048576 bytes of payload, but has " + payload.bytes());
    }
    Compression compression = compression(fields.compression);
    switch (compression) {
      case NONE -> checkPages(fields.pageCount, payload);
      case ZSTD -> ZstdFrame.check(fields.pageCount, payload);
    }
    if (fields.generation == 0) {
      throw new DcmException(
          Reason.GENERATION_INVALID, "a chunk's generation must be >= 1, but was 0");
    }
    return new TransferMessage.Chunk(
        fields.block,
        fields.firstPage,
        fields.pageCount,
        fields.generation,
        fields.crc,
        compression,
        payload);
  }

  private static Compression compression(int number) throws DcmException {
    return switch (number) {
      case PageCompression.PAGE_COMPRESSION_UNSPECIFIED_VALUE -> Compression.NONE;
      case PageCompression.PAGE_COMPRESSION_ZSTD_VALUE -> Compression.ZSTD;
      default ->
          throw Fragments.malformed(
              "a chunk's compression must be 0 or 1, but was " + Integer.toUnsignedString(number));
    };
  }

  private static void checkPages(long pageCount, PagePayload payload) throws DcmException {
    if (payload.bytes() > 0
        && (pageCount != payload.bytes() / Geometry.PAGE_BYTES
            || payload.bytes() % Geometry.PAGE_BYTES != 0)) {
      throw Fragments.malformed(
          "a chunk's payload must have 4096 bytes for each of its %s pages, but has %d"
              .formatted(Long.toUnsignedString(pageCount), payload.bytes()));
    }
  }

  private void skip(int tag, int depth) throws DcmException {
    if (WireFormat.getTagFieldNumber(tag) == 0) {
      throw Fragments.malformed("a transfer message holds a field of number 0");
    }
    switch (WireFormat.getTagWireType(tag)) {
      case WireFormat.WIRETYPE_VARINT -> in.varint();
      case WireFormat.WIRETYPE_FIXED64 -> in.skip(Long.BYTES);
      case WireFormat.WIRETYPE_LENGTH_DELIMITED -> in.skip(in.length());
      case WireFormat.WIRETYPE_START_GROUP -> skipGroup(tag, depth + 1);
      case WireFormat.WIRETYPE_FIXED32 -> in.skip(Integer.BYTES);
      default ->
          throw Fragments.malformed(
              "a transfer message holds a field of wire type " + WireFormat.getTagWireType(tag));
    }
  }

  private void skipGroup(int startTag, int depth) throws DcmException {
    if (depth > DEEPEST_GROUP) {
      throw Fragments.malformed("a transfer message nests more than 100 groups");
    }
    int end = tag(WireFormat.getTagFieldNumber(startTag), WireFormat.WIRETYPE_END_GROUP);
    for (int tag = (int) in.varint(); tag != end; tag = (int) in.varint()) {
      skip(tag, depth);
    }
  }

  private static int tag(int field, int wireType) {
    return field << 3 | wireType;
  }
}
