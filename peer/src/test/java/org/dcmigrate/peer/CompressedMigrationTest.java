package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.MigrationView.Progress;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.protocol.MigrationId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests whose pages can be compressed, between real peers whose links are slow. */
class CompressedMigrationTest {
  private static final DcmdConfig.Limits SLOW = new DcmdConfig.Limits(48L << 20, 16, 256, 0);
  private static final Duration DOWNTIME = Duration.ofMillis(300);
  private static final long MEMORY = 96L << 20;

  @TempDir Path directory;

  @Test
  void aSlowLinkHasFewerBytesToCarry() throws Exception {
    try (TestPeers peers = slow(Set.of(), "a", "b")) {
      MigrationView end = migrated(peers, "b", 60);
      Progress progress = end.progress();
      assertThat(progress.sourceBytes()).isGreaterThanOrEqualTo(MEMORY);
      assertThat(progress.sourceSavedBytes()).isGreaterThan(progress.sourceBytes() * 2 / 5);
    }
  }

  @Test
  void whatCannotBeCompressedIsNot() throws Exception {
    try (TestPeers peers = slow(Set.of(), "a", "b")) {
      assertThat(migrated(peers, "b", 0).progress().sourceSavedBytes()).isZero();
    }
  }

  @Test
  void aDestinationThatTakesNothingCompressedGetsNothingCompressed() throws Exception {
    try (TestPeers peers = slow(Set.of("b"), "a", "b")) {
      assertThat(migrated(peers, "b", 60).progress().sourceSavedBytes()).isZero();
    }
  }

  @Test
  void aSourceThatIsToldNotToDoesNotCompress() throws Exception {
    try (TestPeers peers = slow(Set.of("a"), "a", "b")) {
      assertThat(migrated(peers, "b", 60).progress().sourceSavedBytes()).isZero();
    }
  }

  /** The contributor learns what the new destination takes, from that itself. */
  @Test
  void aContributorCompressesToo() throws Exception {
    try (TestPeers peers = slow(Set.of(), "a", "b", "c")) {
      addGuest(peers, 60);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 16_000);
      peers.peer("a").migrations().redirect(migration, "c");
      MigrationView end = peers.awaitEnd("a", migration);
      assertArrived(peers, end, "c");
      // A contributor that did not would need longer than this for what it held.
      assertThat(end.progress().contributorBytes()).isGreaterThan(16L << 20);
    }
  }

  private TestPeers slow(Set<String> uncompressed, String... names) throws Exception {
    return TestPeers.start(
        directory, TransitionObserver.NONE, SLOW, List.of(), uncompressed, names);
  }

  private static MigrationView migrated(TestPeers peers, String to, int repeatedPercent)
      throws Exception {
    addGuest(peers, repeatedPercent);
    MigrationView end = peers.awaitEnd("a", migrate(peers, to));
    assertArrived(peers, end, to);
    return end;
  }

  private static void addGuest(TestPeers peers, int repeatedPercent) throws Exception {
    peers
        .peer("a")
        .guests()
        .add(
            SyntheticGuest.create(
                "vm",
                new SyntheticSpec(
                    MEMORY, 500, SyntheticSpec.Pattern.UNIFORM, 7, 0, repeatedPercent),
                peers.runDirectory("a").resolve("guest-" + UUID.randomUUID())));
  }

  private static MigrationId migrate(TestPeers peers, String to) throws Exception {
    return peers.peer("a").migrations().migrate("vm", to, TestPeers.audited(DOWNTIME)).migration();
  }

  private static void assertArrived(TestPeers peers, MigrationView end, String at)
      throws Exception {
    assertThat(end.owner()).as(end.toString()).contains(TestPeers.id(at));
    assertThat(end.outcome().audit()).isEqualTo(MigrationView.Audit.IDENTICAL);
    SyntheticGuest arrived = (SyntheticGuest) peers.peer(at).guests().get("vm");
    assertThat(arrived.check()).isEmpty();
  }
}
