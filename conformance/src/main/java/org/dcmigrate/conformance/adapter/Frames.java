package org.dcmigrate.conformance.adapter;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Optional;

/** Messages behind their lengths, as they stand in the pipes of an adapter. */
final class Frames {
  private static final int MOST_BYTES = 64 << 20;

  private Frames() {}

  static void write(DataOutputStream out, Message message) throws IOException {
    out.writeInt(message.getSerializedSize());
    message.writeTo(out);
    out.flush();
  }

  /** The next message, or none where the pipe ends before one. */
  static <M> Optional<M> read(DataInputStream in, Parser<M> parser) throws IOException {
    int length;
    try {
      length = in.readInt();
    } catch (EOFException end) {
      return Optional.empty();
    }
    if (length < 0 || length > MOST_BYTES) {
      throw new IOException(
          "a message must have at most 64 MiB, but its length says "
              + Integer.toUnsignedString(length)
              + "; does something else write to this pipe?");
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return Optional.of(parser.parseFrom(bytes));
  }
}
