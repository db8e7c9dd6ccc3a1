package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.OpenResponse;
import org.junit.jupiter.api.Test;

/** Peers that do nothing right pass nothing. */
class NullPeerTest {
  private static final Duration PATIENT = Duration.ofSeconds(5);
  private static final Duration IMPATIENT = Duration.ofMillis(60);

  @Test
  void alwaysUnimplemented() throws Exception {
    passesNothing(method -> closing(Status.UNIMPLEMENTED, new Metadata()), PATIENT);
  }

  @Test
  void alwaysUnknownMigration() throws Exception {
    StatusRuntimeException unknown =
        Errors.toStatus(new DcmException(Reason.MIGRATION_UNKNOWN, "this peer knows nothing"));
    Metadata trailers = Optional.ofNullable(unknown.getTrailers()).orElseThrow();
    passesNothing(method -> closing(unknown.getStatus(), trailers), PATIENT);
  }

  @Test
  void alwaysOkWithDefaults() throws Exception {
    passesNothing(method -> answering(empty(method)), PATIENT);
  }

  @Test
  void alwaysOkWithoutMessages() throws Exception {
    passesNothing(method -> closing(Status.OK, new Metadata()), PATIENT);
  }

  @Test
  void agreeable() throws Exception {
    passesOnly(
        List.of(),
        method ->
            switch (String.valueOf(method.getBareMethodName())) {
              case "Open" -> answering(OpenResponse.newBuilder().setVersion(1).build());
              case "GetDestinationStatus" ->
                  answering(
                      GetDestinationStatusResponse.newBuilder()
                          .setState(DestinationState.DESTINATION_STATE_RECEIVING)
                          .build());
              default -> answering(empty(method));
            },
        PATIENT);
  }

  @Test
  void silent() throws Exception {
    passesNothing(method -> (call, headers) -> new ServerCall.Listener<>() {}, IMPATIENT);
  }

  @Test
  void alwaysHangsUp() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> hangUp(socket));
      passed(Tester.run("127.0.0.1:" + socket.getLocalPort(), "127.0.0.1:0", PATIENT), List.of());
    }
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

  private static void passesNothing(FaultyPeer.Handlers handlers, Duration timeout)
      throws Exception {
    passesOnly(List.of(), handlers, timeout);
  }

  private static void passesOnly(List<String> names, FaultyPeer.Handlers handlers, Duration timeout)
      throws Exception {
    try (FaultyPeer peer = FaultyPeer.answering(handlers)) {
      passed(Tester.run(peer.endpoint(), "127.0.0.1:0", timeout), names);
    }
  }

  private static void passed(List<CaseResult> results, List<String> names) {
    assertThat(results).hasSameSizeAs(Suite.all());
    assertThat(results)
        .filteredOn(result -> result.verdict() == Verdict.PASS)
        .extracting(result -> result.of().name())
        .isEqualTo(names);
    assertThat(results)
        .filteredOn(
            result ->
                result.verdict() == Verdict.TESTER_ERROR || result.verdict() == Verdict.NOT_RUN)
        .isEmpty();
    assertThat(results).anyMatch(result -> result.verdict() == Verdict.FAIL);
    assertThat(Report.allPassed(results, true)).isFalse();
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
}
