package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.OpenResponse;

/** Peers that do nothing right, whatever they are asked. No case may pass at one of them. */
public enum NullPeer {
  /** Resets every connection. */
  HANGS_UP("resets every connection"),
  /** Takes every call and says nothing. */
  SILENT("never answers"),
  /** Knows no method. */
  UNIMPLEMENTED("answers UNIMPLEMENTED"),
  /** Refuses everything with a reason that many cases expect. */
  UNKNOWN_MIGRATION("answers MIGRATION_UNKNOWN"),
  /** Ends every call well, with an empty message. */
  OK("answers OK with an empty message"),
  /** Ends every call well, without any message. */
  OK_WITHOUT_MESSAGE("answers OK without a message"),
  /** As {@link #OK}, and opens every migration. */
  AGREEABLE("opens everything, and answers OK"),
  /** Sends every request back. */
  ECHO("sends requests back");

  // They answer at once, or, as sources, never begin.
  private static final Duration PATIENT = Duration.ofMillis(300);
  private static final Duration IMPATIENT = Duration.ofMillis(60);
  private static final int BACKLOG = 50;

  private final String does;

  NullPeer(String does) {
    this.does = does;
  }

  /** What it does, as a predicate. */
  public String does() {
    return does;
  }

  /** How long a tester waits for an answer of it. */
  public Duration timeout() {
    return this == SILENT ? IMPATIENT : PATIENT;
  }

  /** One of them that listens on loopback. */
  public interface Running extends AutoCloseable {
    /** Where it listens. */
    String endpoint();

    @Override
    void close();
  }

  /**
   * Starts one.
   *
   * @param front how it is talked to
   */
  public Running start(Security front) throws DcmException, IOException {
    return switch (this) {
      case HANGS_UP -> hangingUp();
      case SILENT -> serving(front, method -> (call, headers) -> new ServerCall.Listener<>() {});
      case UNIMPLEMENTED -> serving(front, method -> closing(Status.UNIMPLEMENTED, new Metadata()));
      case UNKNOWN_MIGRATION -> {
        StatusRuntimeException unknown =
            Errors.toStatus(new DcmException(Reason.MIGRATION_UNKNOWN, "this peer knows nothing"));
        Metadata trailers = Optional.ofNullable(unknown.getTrailers()).orElseThrow();
        yield serving(front, method -> closing(unknown.getStatus(), trailers));
      }
      case OK -> serving(front, method -> answering(empty(method)));
      case OK_WITHOUT_MESSAGE -> serving(front, method -> closing(Status.OK, new Metadata()));
      case AGREEABLE -> serving(front, NullPeer::agreeing);
      case ECHO -> serving(front, method -> echoing());
    };
  }

  private static Running serving(Security front, FaultyPeer.Handlers handlers)
      throws DcmException, IOException {
    FaultyPeer peer = FaultyPeer.answering(front, handlers);
    return new Running() {
      @Override
      public String endpoint() {
        return peer.endpoint();
      }

      @Override
      public void close() {
        peer.close();
      }
    };
  }

  private static Running hangingUp() throws IOException {
    ServerSocket socket = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    Thread.startVirtualThread(() -> hangUp(socket));
    return new Running() {
      @Override
      public String endpoint() {
        return "127.0.0.1:" + socket.getLocalPort();
      }

      @Override
      public void close() {
        try {
          socket.close();
        } catch (IOException ignored) {
          // It is given up anyway.
        }
      }
    };
  }

  private static void hangUp(ServerSocket socket) {
    while (!socket.isClosed()) {
      try (Socket caller = socket.accept()) {
        caller.setSoLinger(true, 0);
      } catch (IOException closed) {
        // Looked at by the loop.
      }
    }
  }

  private static ServerCallHandler<Message, Message> agreeing(
      MethodDescriptor<Message, Message> method) {
    return switch (String.valueOf(method.getBareMethodName())) {
      case "Open" -> answering(OpenResponse.newBuilder().setVersion(1).build());
      case "GetDestinationStatus" ->
          answering(
              GetDestinationStatusResponse.newBuilder()
                  .setState(DestinationState.DESTINATION_STATE_RECEIVING)
                  .build());
      default -> answering(empty(method));
    };
  }

  private static Message empty(MethodDescriptor<Message, Message> method) {
    return method.parseResponse(new ByteArrayInputStream(new byte[0]));
  }

  private static ServerCallHandler<Message, Message> closing(Status status, Metadata trailers) {
    return (call, headers) -> {
      call.close(status, trailers);
      return new ServerCall.Listener<>() {};
    };
  }

  private static ServerCallHandler<Message, Message> answering(Message answer) {
    return (call, headers) -> {
      call.request(Integer.MAX_VALUE);
      return new ServerCall.Listener<>() {
        @Override
        public void onHalfClose() {
          call.sendHeaders(new Metadata());
          call.sendMessage(answer);
          call.close(Status.OK, new Metadata());
        }
      };
    };
  }

  private static ServerCallHandler<Message, Message> echoing() {
    return (call, headers) -> {
      call.request(Integer.MAX_VALUE);
      call.sendHeaders(new Metadata());
      boolean single = call.getMethodDescriptor().getType().serverSendsOneMessage();
      return new ServerCall.Listener<>() {
        private Optional<Message> sent = Optional.empty();

        @Override
        public void onMessage(Message message) {
          if (!single || sent.isEmpty()) {
            sent = Optional.of(message);
            call.sendMessage(message);
          }
        }

        @Override
        public void onHalfClose() {
          call.close(Status.OK, new Metadata());
        }
      };
    };
  }
}
