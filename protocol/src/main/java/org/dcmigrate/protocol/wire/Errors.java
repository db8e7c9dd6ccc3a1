package org.dcmigrate.protocol.wire;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** Errors as they travel: a gRPC status with one {@link ErrorInfo} that holds the stable reason. */
public final class Errors {
  /** Domain of every reason of this protocol. */
  public static final String DOMAIN = "dcm";

  private static final int LONGEST_SENTENCE = 1000;

  private Errors() {}

  /** The status that carries an error. */
  public static StatusRuntimeException toStatus(DcmException error) {
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(error.reason().code().value())
            .setMessage(clean(error.sentence()))
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setDomain(DOMAIN)
                        .setReason(error.reason().name())
                        .build()))
            .build());
  }

  /**
   * The error that a failed call carries. Where there is none, as when the connection broke or
   * something in between answered, the gRPC code decides about the reason.
   */
  public static DcmException fromStatus(Throwable failure) {
    if (failure instanceof DcmException error) {
      return error;
    }
    Status status = Status.fromThrowable(failure);
    String said = clean(String.valueOf(status.getDescription()));
    Optional<Reason> reason = info(failure).flatMap(Errors::reason);
    if (reason.isPresent()) {
      return new DcmException(reason.get(), said, failure);
    }
    return new DcmException(byCode(status.getCode()), withoutInfo(status, failure), failure);
  }

  private static Optional<ErrorInfo> info(Throwable failure) {
    try {
      Optional<com.google.rpc.Status> status =
          Optional.ofNullable(StatusProto.fromThrowable(failure));
      for (Any detail : status.map(com.google.rpc.Status::getDetailsList).orElse(List.of())) {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          if (info.getDomain().equals(DOMAIN)) {
            return Optional.of(info);
          }
        }
      }
    } catch (InvalidProtocolBufferException | IllegalArgumentException malformed) {
      // A peer may send what it likes as details; the code alone then decides.
    }
    return Optional.empty();
  }

  private static Optional<Reason> reason(ErrorInfo info) {
    return Arrays.stream(Reason.values())
        .filter(reason -> reason.name().equals(info.getReason()))
        .findFirst();
  }

  private static Reason byCode(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE, CANCELLED -> Reason.PEER_UNREACHABLE;
      case DEADLINE_EXCEEDED -> Reason.DEADLINE_PASSED;
      case UNAUTHENTICATED -> Reason.IDENTITY_INVALID;
      case PERMISSION_DENIED -> Reason.IDENTITY_NOT_ADMITTED;
      case RESOURCE_EXHAUSTED -> Reason.LIMIT_EXCEEDED;
      case UNIMPLEMENTED -> Reason.VERSION_MISMATCH;
      case INVALID_ARGUMENT, OUT_OF_RANGE -> Reason.FIELD_INVALID;
      case OK,
          UNKNOWN,
          NOT_FOUND,
          ALREADY_EXISTS,
          FAILED_PRECONDITION,
          ABORTED,
          INTERNAL,
          DATA_LOSS ->
          Reason.INTERNAL;
    };
  }

  private static String withoutInfo(Status status, Throwable failure) {
    StringBuilder sentence = new StringBuilder("the call ended with ").append(status.getCode());
    Optional.ofNullable(status.getDescription())
        .map(description -> description.lines().findFirst().orElse(""))
        .ifPresent(description -> sentence.append(": ").append(description));
    ConnectionFailure.describe(failure)
        .ifPresent(why -> sentence.append(" (").append(why).append(')'));
    info(failure)
        .ifPresent(info -> sentence.append(", reason ").append(Text.quote(info.getReason())));
    return clean(sentence.toString());
  }

  /** What another peer says ends in terminals and logs. */
  private static String clean(String text) {
    String shown = text.length() > LONGEST_SENTENCE ? text.substring(0, LONGEST_SENTENCE) : text;
    return shown.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
