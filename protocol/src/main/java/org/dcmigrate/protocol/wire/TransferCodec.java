package org.dcmigrate.protocol.wire;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.io.IOException;
import java.io.InputStream;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/**
 * The Transfer call with a codec of its own. On the wire it is what the generated classes write and
 * read; in the process, payloads go from guest memory to the transport and back with one copy on
 * each side, and without a buffer of the message's size.
 */
public final class TransferCodec {
  /** Most pages with content in one chunk. */
  public static final int MAX_CHUNK_PAGES = 256;

  /** Most payload of one chunk. */
  public static final int MAX_PAYLOAD_BYTES = MAX_CHUNK_PAGES * Geometry.PAGE_BYTES;

  /** Most bytes of one message. */
  public static final int MAX_MESSAGE_BYTES = MAX_PAYLOAD_BYTES + 4096;

  /**
   * Header of the destination's answer: the names of the compressions that it takes, separated by
   * commas.
   */
  public static final Metadata.Key<String> COMPRESSIONS =
      Metadata.Key.of("dcm-compressions", Metadata.ASCII_STRING_MARSHALLER);

  /** The name of Zstandard in {@link #COMPRESSIONS}. */
  public static final String ZSTD = "zstd";

  private static final MethodDescriptor<TransferMessage, TransferResponse> METHOD =
      TransferServiceGrpc.getTransferMethod().toBuilder(
              new RequestMarshaller(),
              TransferServiceGrpc.getTransferMethod().getResponseMarshaller())
          .build();

  private static final ServiceDescriptor SERVICE =
      ServiceDescriptor.newBuilder(TransferServiceGrpc.SERVICE_NAME)
          .setSchemaDescriptor(TransferServiceGrpc.getServiceDescriptor().getSchemaDescriptor())
          .addMethod(METHOD)
          .build();

  private TransferCodec() {}

  /** The method, for clients and servers. */
  public static MethodDescriptor<TransferMessage, TransferResponse> method() {
    return METHOD;
  }

  /** The service with this method, for servers. */
  public static ServiceDescriptor service() {
    return SERVICE;
  }

  private static final class RequestMarshaller
      implements MethodDescriptor.Marshaller<TransferMessage> {
    @Override
    public InputStream stream(TransferMessage message) {
      return switch (message) {
        case TransferMessage.Open open -> MessageStream.of(open);
        case TransferMessage.Chunk chunk -> MessageStream.of(chunk);
        case TransferMessage.Malformed malformed ->
            throw new IllegalArgumentException("a malformed message is never sent: " + malformed);
      };
    }

    @Override
    public TransferMessage parse(InputStream stream) {
      try {
        return new TransferParser(Fragments.of(stream, MAX_MESSAGE_BYTES)).parse();
      } catch (DcmException malformed) {
        return new TransferMessage.Malformed(malformed.failure());
      } catch (IOException unreadable) {
        return new TransferMessage.Malformed(
            new Failure(Reason.FIELD_INVALID, "a transfer message could not be read"));
      }
    }
  }
}
