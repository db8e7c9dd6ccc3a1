package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.protocol.MigrationId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What peers keep of migrations that have ended: what is told of them, and not what they took. */
class EndedMigrationsTest {
  private static final int WARM_UP = 5;
  private static final int MIGRATIONS = 30;
  // Each reads its guest into a buffer of 1 MiB.
  private static final long MOST_KEPT_BYTES = 100 << 10;

  @TempDir Path directory;

  @Test
  void theirMemoryIsGivenBack() throws Exception {
    try (TestPeers peers = TestPeers.start(directory, "a", "b")) {
      for (int i = 0; i < WARM_UP; i++) {
        migrate(peers);
      }
      long before = usedHeap();
      for (int i = 0; i < MIGRATIONS; i++) {
        migrate(peers);
      }
      long kept = (usedHeap() - before) / MIGRATIONS;

      assertThat(peers.peer("a").migrations().all()).hasSize(WARM_UP + MIGRATIONS);
      assertThat(kept).as("bytes of heap kept for each migration").isLessThan(MOST_KEPT_BYTES);
    }
  }

  private static void migrate(TestPeers peers) throws Exception {
    peers
        .peer("a")
        .guests()
        .add(
            SyntheticGuest.create(
                "vm",
                new SyntheticSpec(1 << 20, 0, SyntheticSpec.Pattern.UNIFORM, 7, 0),
                peers.runDirectory("a").resolve("guest-" + UUID.randomUUID())));
    MigrationId migration =
        peers
            .peer("a")
            .migrations()
            .migrate("vm", "b", TestPeers.audited(Duration.ofMillis(300)))
            .migration();
    assertThat(peers.awaitEnd("a", migration).owner()).contains(TestPeers.id("b"));
    SyntheticGuest arrived = (SyntheticGuest) peers.peer("b").guests().get("vm");
    peers.peer("b").holders().guestLeft("vm");
    peers.peer("b").guests().remove("vm");
    arrived.quit();
  }

  /** The least of several looks: a collection may find what the one before has only marked. */
  private static long usedHeap() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return least;
  }
}
