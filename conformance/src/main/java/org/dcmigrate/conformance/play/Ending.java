package org.dcmigrate.conformance.play;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a call ended.
 *
 * @param status the gRPC status
 * @param infos every {@code google.rpc.ErrorInfo} that came with it
 */
public record Ending(Status status, List<ErrorInfo> infos) {
  public Ending {
    infos = List.copyOf(infos);
  }

  /** The end that a peer gave a call. */
  static Ending of(Status status, Metadata trailers) {
    List<ErrorInfo> infos = new ArrayList<>();
    try {
      Optional<com.google.rpc.Status> details =
          Optional.ofNullable(StatusProto.fromStatusAndTrailers(status, trailers));
      for (Any detail : details.map(com.google.rpc.Status::getDetailsList).orElse(List.of())) {
        if (detail.is(ErrorInfo.class)) {
          infos.add(detail.unpack(ErrorInfo.class));
        }
      }
    } catch (InvalidProtocolBufferException | IllegalArgumentException malformed) {
      // Counts as no ErrorInfo, which the checks then say.
    }
    return new Ending(status, infos);
  }

  /** The end of a call that a peer left without an answer. */
  static Ending silent(Duration waited) {
    return new Ending(
        Status.DEADLINE_EXCEEDED.withDescription("no answer within " + waited.toMillis() + " ms"),
        List.of());
  }

  /** Whether the call succeeded. */
  public boolean isOk() {
    return status.isOk();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(status.getCode().name());
    for (ErrorInfo info : infos) {
      text.append(" [").append(info.getDomain()).append('/').append(info.getReason()).append(']');
    }
    Optional.ofNullable(status.getDescription())
        .ifPresent(said -> text.append(": ").append(Transcript.shortened(said)));
    return text.toString();
  }
}
