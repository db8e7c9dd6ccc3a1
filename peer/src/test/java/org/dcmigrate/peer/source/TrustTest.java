package org.dcmigrate.peer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;

/** Who counts as a contributor after pages of made-up generations were found. */
class TrustTest {
  private static final PeerId B = new PeerId("spiffe://test/peer/b");
  private static final PeerId C = new PeerId("spiffe://test/peer/c");
  private static final PeerId D = new PeerId("spiffe://test/peer/d");

  private final Trust trust = new Trust();

  @Test
  void whoeverMayHaveWrittenThereIsDistrusted() throws Exception {
    trust.admit(C, 2, List.of(B));
    trust.madeUpAt(C, 2);
    assertDistrusted(B);
    trust.require(C);
    assertThat(trust.admit(D, 3, List.of(C, B))).containsExactly(C);
  }

  @Test
  void contributorsOfAnotherDestinationAreTrustedStill() throws Exception {
    trust.admit(C, 2, List.of(B));
    trust.admit(D, 3, List.of(C));
    trust.madeUpAt(D, 3);
    trust.require(B);
    assertDistrusted(C);
  }

  @Test
  void whoWasAdmittedSinceIsNotSuspectedOfWhatWasThereBefore() throws Exception {
    trust.admit(B, 1, List.of());
    trust.admit(C, 2, List.of(B));
    trust.admit(B, 3, List.of(C));
    trust.madeUpAt(B, 2);
    trust.require(C);
    trust.madeUpAt(B, 3);
    assertDistrusted(C);
  }

  @Test
  void anInventoryOfMadeUpGenerationsSpeaksAgainstItsPeer() throws Exception {
    trust.madeUpBy(B);
    assertDistrusted(B);
    trust.require(C);
  }

  private void assertDistrusted(PeerId peer) {
    assertThatThrownBy(() -> trust.require(peer))
        .isInstanceOfSatisfying(
            DcmException.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.GENERATION_CONFLICT));
  }
}
