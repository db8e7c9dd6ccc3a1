package org.dcmigrate.protocol.wire;

import com.google.protobuf.CodedOutputStream;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.TransferOpen;
import org.dcmigrate.v1.TransferRequest;

/**
 * A message on its way out: the encoded header, then the payload straight from where it lies. The
 * transport drains it, what is not in arrays through one buffer per thread.
 */
final class MessageStream extends InputStream implements Drainable, KnownLength {
  private static final int BUFFER_BYTES = 64 << 10;

  private static final ThreadLocal<byte[]> BUFFER =
      ThreadLocal.withInitial(() -> new byte[BUFFER_BYTES]);

  private final byte[] header;
  private final PagePayload.Reader payload;
  private int headerRead;
  private int available;

  private MessageStream(byte[] header, PagePayload payload) {
    this.header = header;
    this.payload = payload.reader();
    available = Math.toIntExact(header.length + payload.bytes());
  }

  static MessageStream of(TransferMessage.Open open) {
    return new MessageStream(
        TransferRequest.newBuilder()
            .setOpen(TransferOpen.newBuilder().setAttempt(Wire.attempt(open.attempt())))
            .build()
            .toByteArray(),
        PagePayload.EMPTY);
  }

  static MessageStream of(TransferMessage.Chunk chunk) {
    return new MessageStream(header(chunk), chunk.payload());
  }

  /**
   * Everything but the payload's bytes. The payload comes last, also where the number of another
   * field is higher: protobuf leaves the order to the writer.
   */
  private static byte[] header(TransferMessage.Chunk chunk) {
    int payloadBytes = Math.toIntExact(chunk.payloadBytes());
    PageChunk.Builder fields =
        PageChunk.newBuilder()
            .setBlock(chunk.block())
            .setFirstPage(chunk.firstPage())
            .setPageCount(chunk.pageCount())
            .setGeneration(chunk.generation());
    int payloadHeaderBytes = 0;
    if (payloadBytes > 0) {
      fields.setPayloadCrc32C(chunk.payloadCrc32c());
      if (chunk.compression() == Compression.ZSTD) {
        fields.setCompression(PageCompression.PAGE_COMPRESSION_ZSTD);
      }
      payloadHeaderBytes =
          CodedOutputStream.computeTagSize(PageChunk.PAYLOAD_FIELD_NUMBER)
              + CodedOutputStream.computeUInt32SizeNoTag(payloadBytes);
    }
    PageChunk encoded = fields.build();
    int chunkBytes = encoded.getSerializedSize() + payloadHeaderBytes + payloadBytes;
    byte[] header =
        new byte
            [CodedOutputStream.computeTagSize(TransferRequest.CHUNK_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(chunkBytes)
                + chunkBytes
                - payloadBytes];
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(header);
      out.writeUInt32NoTag(TransferParser.CHUNK);
      out.writeUInt32NoTag(chunkBytes);
      encoded.writeTo(out);
      if (payloadBytes > 0) {
        out.writeUInt32NoTag(TransferParser.PAYLOAD);
        out.writeUInt32NoTag(payloadBytes);
      }
      out.checkNoSpaceLeft();
    } catch (IOException impossible) {
      throw new UncheckedIOException("the header was measured before", impossible);
    }
    return header;
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int total = available;
    target.write(header, headerRead, header.length - headerRead);
    headerRead = header.length;
    payload.writeTo(target, BUFFER.get());
    available = 0;
    return total;
  }

  @Override
  public int available() {
    return available;
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 1 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int at, int length) {
    if (available == 0) {
      return length == 0 ? 0 : -1;
    }
    int fromHeader = Math.min(length, header.length - headerRead);
    System.arraycopy(header, headerRead, into, at, fromHeader);
    headerRead += fromHeader;
    int done = fromHeader + payload.read(into, at + fromHeader, length - fromHeader);
    available -= done;
    return done;
  }
}
