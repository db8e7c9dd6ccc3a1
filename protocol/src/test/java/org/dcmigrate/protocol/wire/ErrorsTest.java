package org.dcmigrate.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.net.ConnectException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.ErrorReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorsTest {
  @ParameterizedTest
  @EnumSource
  void everyReasonTravels(Reason reason) {
    StatusRuntimeException status = Errors.toStatus(new DcmException(reason, "a sentence"));
    assertThat(status.getStatus().getCode()).isEqualTo(reason.code());
    DcmException back = Errors.fromStatus(status);
    assertThat(back.reason()).isEqualTo(reason);
    assertThat(back.sentence()).isEqualTo("a sentence");
    assertThat(ErrorReason.valueOf("ERROR_REASON_" + reason).getNumber()).isPositive();
  }

  @ParameterizedTest
  @EnumSource(names = "OK", mode = EnumSource.Mode.EXCLUDE)
  void everyCodeWithoutAReasonGetsOne(Status.Code code) {
    DcmException error = Errors.fromStatus(code.toStatus().asRuntimeException());
    assertThat(error.sentence()).contains(code.name());
  }

  @Test
  void aBrokenConnectionSaysWhy() {
    DcmException error =
        Errors.fromStatus(
            Status.UNAVAILABLE
                .withDescription("io exception")
                .withCause(new ConnectException("Connection refused: host-b:7443"))
                .asRuntimeException());
    assertThat(error.reason()).isEqualTo(Reason.PEER_UNREACHABLE);
    assertThat(error.sentence()).contains("host-b:7443");
  }

  @Test
  void foreignAndUnknownDetailsLeaveTheCode() {
    assertThat(reasonOf(info("dcm", "NEWER_THAN_US"))).isEqualTo(Reason.DEADLINE_PASSED);
    assertThat(reasonOf(info("other", "INTERNAL"))).isEqualTo(Reason.DEADLINE_PASSED);
    Any broken =
        Any.newBuilder()
            .setTypeUrl("type.googleapis.com/google.rpc.ErrorInfo")
            .setValue(ByteString.copyFrom(new byte[] {-1, -1}))
            .build();
    assertThat(reasonOf(broken)).isEqualTo(Reason.DEADLINE_PASSED);
  }

  @Test
  void detailsThatAreNoStatusLeaveTheCode() {
    Metadata trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER),
        new byte[] {1, 2, 3});
    assertThat(Errors.fromStatus(Status.UNAUTHENTICATED.asRuntimeException(trailers)).reason())
        .isEqualTo(Reason.IDENTITY_INVALID);
  }

  @Test
  void whatThePeerSaysIsCutAndCleaned() {
    DcmException error =
        Errors.fromStatus(
            Errors.toStatus(new DcmException(Reason.INTERNAL, "\u001b[31m" + "x".repeat(100_000))));
    assertThat(error.sentence()).startsWith("?[31mx").hasSize(1000);
  }

  @Test
  void anErrorOfOursStaysItself() {
    DcmException ours = new DcmException(Reason.TOO_LATE, "too late");
    assertThat(Errors.fromStatus(ours)).isSameAs(ours);
    assertThat(Errors.fromStatus(new IllegalStateException("odd")).reason())
        .isEqualTo(Reason.INTERNAL);
  }

  private static Reason reasonOf(Any detail) {
    return Errors.fromStatus(
            StatusProto.toStatusRuntimeException(
                com.google.rpc.Status.newBuilder()
                    .setCode(Status.Code.DEADLINE_EXCEEDED.value())
                    .addDetails(detail)
                    .build()))
        .reason();
  }

  private static Any info(String domain, String reason) {
    return Any.pack(ErrorInfo.newBuilder().setDomain(domain).setReason(reason).build());
  }
}
