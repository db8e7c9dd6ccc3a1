package org.dcmigrate.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.rate.Priority;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.v1.TransferShare;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShareWireTest {
  private static final TransferShare UNKNOWN =
      TransferShare.newBuilder().setMostBytesPerSecond(7).setPriorityValue(99).build();

  @ParameterizedTest
  @EnumSource
  void whatTravelsComesBack(Priority priority) throws Exception {
    for (long rate : new long[] {0, 1, Long.MAX_VALUE}) {
      Share share = new Share(rate, priority);
      assertThat(ShareWire.share(ShareWire.share(share))).isEqualTo(share);
      assertThat(ShareWire.relayShare(ShareWire.share(share))).isEqualTo(share);
    }
  }

  @Test
  void nothingSaidIsNormal() throws Exception {
    assertThat(ShareWire.share(TransferShare.getDefaultInstance())).isEqualTo(Share.NORMAL);
  }

  @Test
  void anUnknownPriorityIsNormalForAContributorOnly() throws Exception {
    assertThat(ShareWire.relayShare(UNKNOWN)).isEqualTo(new Share(7, Priority.NORMAL));
    refused(() -> ShareWire.share(UNKNOWN));
    refused(() -> ShareWire.priority(UNKNOWN.getPriority()));
  }

  @Test
  void aRateFromTwoToThe63IsRefused() {
    TransferShare tooMuch =
        TransferShare.newBuilder().setMostBytesPerSecond(Long.MIN_VALUE).build();
    refused(() -> ShareWire.share(tooMuch));
    refused(() -> ShareWire.relayShare(tooMuch));
    refused(() -> ShareWire.rate("rate", -1));
  }

  private interface Reading {
    void read() throws DcmException;
  }

  private static void refused(Reading reading) {
    DcmException refusal = catchThrowableOfType(DcmException.class, reading::read);
    assertThat(refusal).isNotNull();
    assertThat(refusal.reason()).isEqualTo(Reason.FIELD_INVALID);
  }
}
