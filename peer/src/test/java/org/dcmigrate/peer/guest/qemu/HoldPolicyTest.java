package org.dcmigrate.peer.guest.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.junit.jupiter.api.Test;

class HoldPolicyTest {
  private static Geometry pages(long first, long second) {
    return new Geometry(List.of(new RamBlock("a", first * 4096), new RamBlock("b", second * 4096)));
  }

  @Test
  void readsNeverMoreThanLeavesEnoughUnread() {
    HoldPolicy policy = new HoldPolicy(pages(100_000, 100));
    assertFalse(policy.needsSmallBuffers());
    assertEquals((100_100 - HoldPolicy.HELD_PAGES) * 9, policy.readableBytes());
    policy.advance(0, 60_000);
    assertTrue(policy.needsSmallBuffers());
    policy.advance(0, 100_100 - HoldPolicy.HELD_PAGES - 2);
    assertEquals(9, policy.readableBytes());
    assertTrue(policy.canHold());
    policy.advance(0, 100_100 - HoldPolicy.HELD_PAGES - 1);
    assertEquals(0, policy.readableBytes());
    assertTrue(policy.canHold());
    policy.advance(1, 0);
    assertFalse(policy.canHold());
  }

  @Test
  void laterPassesAreNotRead() {
    HoldPolicy policy = new HoldPolicy(pages(100_000, 100));
    policy.advance(1, 99);
    assertTrue(policy.wraps(0, 5));
    assertTrue(policy.wraps(1, 99));
    assertEquals(1, policy.endPass());
    assertFalse(policy.wraps(0, 5));
    assertEquals(0, policy.readableBytes());
    assertFalse(policy.canHold());
    policy.standStill();
    assertTrue(policy.canHold());
  }

  @Test
  void smallGuestIsHeldAtItsHalf() {
    HoldPolicy policy = new HoldPolicy(pages(1000, 10));
    assertTrue(policy.isTooSmall());
    assertTrue(policy.needsSmallBuffers());
    assertEquals(505 * 9, policy.readableBytes());
  }
}
