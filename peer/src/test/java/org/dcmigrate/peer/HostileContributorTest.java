package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.wire.TransferMessage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a contributor can do with generations that the source never gave. */
class HostileContributorTest {
  private static final DcmdConfig.Limits SLOW = new DcmdConfig.Limits(32L << 20, 16, 256, 0);
  private static final long MEMORY = 64L << 20;

  @TempDir Path directory;

  @Test
  void anInventoryWithAMadeUpGenerationEndsItsPeersPart() throws Exception {
    try (TestPeers peers = slow("a", "b", "c")) {
      MigrationId migration = migrate(peers);
      plant(peers, "b", migration, 1, "a", 5_000_000);
      peers.peer("a").migrations().redirect(migration, "c");
      MigrationView end = peers.awaitEnd("a", migration);
      assertArrived(peers, end, "c");
      assertThat(end.progress().contributorBytes()).isZero();
    }
  }

  @Test
  void aRelayedPageOfAMadeUpGenerationIsOutbid() throws Exception {
    try (TestPeers peers = slow("a", "b", "c")) {
      MigrationId migration = migrate(peers);
      peers.peer("a").migrations().redirect(migration, "c");
      peers.await("a", migration, view -> view.progress().contributorBytes() > 1 << 20);
      plant(peers, "c", migration, 2, "b", 5_000_000);
      MigrationView end = peers.awaitEnd("a", migration);
      assertArrived(peers, end, "c");
    }
  }

  @Test
  void aGenerationThatCannotBeOutbidEndsWithAnotherDestination() throws Exception {
    try (TestPeers peers = slow("a", "b", "c", "d")) {
      MigrationId migration = migrate(peers);
      peers.peer("a").migrations().redirect(migration, "c");
      peers.await("a", migration, view -> view.progress().contributorBytes() > 1 << 20);
      plant(peers, "c", migration, 2, "b", -1);
      MigrationView parked =
          peers.await("a", migration, view -> view.state() instanceof SourceState.Parked);
      assertThat(((SourceState.Parked) parked.state()).why().reason())
          .isEqualTo(Reason.GENERATION_CONFLICT);
      peers.peer("a").migrations().redirect(migration, "d");
      MigrationView end = peers.awaitEnd("a", migration);
      assertArrived(peers, end, "d");
    }
  }

  /** The first page of the guest, all zero, as if a peer that may send it had sent it. */
  private static void plant(
      TestPeers peers, String at, MigrationId migration, long epoch, String from, int generation)
      throws Exception {
    peers
        .peer(at)
        .holders()
        .get(new Attempt(migration, epoch))
        .admit(epoch, TestPeers.id(from))
        .write(TransferMessage.Chunk.zero(0, 0, 1, generation));
  }

  private TestPeers slow(String... names) throws Exception {
    return TestPeers.start(directory, TransitionObserver.NONE, SLOW, List.of(), names);
  }

  private static MigrationId migrate(TestPeers peers) throws Exception {
    SyntheticGuest guest =
        SyntheticGuest.create(
            "vm",
            new SyntheticSpec(MEMORY, 200, SyntheticSpec.Pattern.UNIFORM, 7, 0),
            peers.runDirectory("a").resolve("guest-" + UUID.randomUUID()));
    peers.peer("a").guests().add(guest);
    MigrationId migration =
        peers
            .peer("a")
            .migrations()
            .migrate("vm", "b", TestPeers.audited(Duration.ofMillis(300)))
            .migration();
    peers.await("a", migration, view -> view.progress().heldPages() > 6000);
    return migration;
  }

  private static void assertArrived(TestPeers peers, MigrationView end, String at)
      throws Exception {
    assertThat(end.owner()).as(end.toString()).contains(TestPeers.id(at));
    assertThat(end.failure()).isEmpty();
    assertThat(end.outcome().audit()).isEqualTo(MigrationView.Audit.IDENTICAL);
    assertThat(((SyntheticGuest) peers.peer(at).guests().get("vm")).check()).isEmpty();
  }
}
