package org.dcmigrate.peer.holder;

import static org.assertj.core.api.Assertions.assertThat;

import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;

class StandstillTest {
  private static final long SECOND_NS = 1_000_000_000L;
  private static final Failure LOCKED = new Failure(Reason.GUEST_FAILED, "its disk is locked");

  @Test
  void eachWaitIsTwiceAsLongUpToAMinute() {
    Standstill standstill = new Standstill();
    assertThat(standstill.isOver(1_000 * SECOND_NS)).isFalse();
    long nowNs = 5 * SECOND_NS;
    for (long seconds : new long[] {1, 2, 4, 8, 16, 32, 60, 60}) {
      standstill.begin(LOCKED, nowNs);
      nowNs += seconds * SECOND_NS;
      assertThat(standstill.isOver(nowNs - 1)).isFalse();
      assertThat(standstill.isOver(nowNs)).isTrue();
    }
    standstill.end();
    assertThat(standstill.isOver(nowNs)).isFalse();
    assertThat(standstill.why()).isEmpty();
  }

  @Test
  void aReasonIsNewOnce() {
    Standstill standstill = new Standstill();
    assertThat(standstill.isNew(LOCKED)).isTrue();
    standstill.begin(LOCKED, 0);
    assertThat(standstill.isNew(LOCKED)).isFalse();
    assertThat(standstill.isNew(new Failure(Reason.GUEST_FAILED, "it is gone"))).isTrue();
  }
}
