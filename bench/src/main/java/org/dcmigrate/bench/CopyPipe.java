package org.dcmigrate.bench;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** What bytes of a plain copy go through, from one end to the other. */
sealed interface CopyPipe extends AutoCloseable permits CopyPipe.Plain, TlsPipe {
  /** Writes all that remains in a buffer. */
  void write(ByteBuffer from) throws IOException;

  /** Fills a buffer. */
  void readFully(ByteBuffer into) throws IOException;

  /** The receiver's word that everything is in its memory. */
  default void end() throws IOException {
    write(ByteBuffer.allocateDirect(1));
  }

  /** Waits for that. */
  default void awaitEnd() throws IOException {
    readFully(ByteBuffer.allocateDirect(1));
  }

  @Override
  void close() throws IOException;

  /** The socket and nothing else. */
  record Plain(SocketChannel socket) implements CopyPipe {
    @Override
    public void write(ByteBuffer from) throws IOException {
      while (from.hasRemaining()) {
        int _ = socket.write(from);
      }
    }

    @Override
    public void readFully(ByteBuffer into) throws IOException {
      while (into.hasRemaining()) {
        if (socket.read(into) < 0) {
          throw new EOFException("the other end has closed");
        }
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
