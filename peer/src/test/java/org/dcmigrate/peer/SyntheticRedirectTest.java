package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.machine.SourceState.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migrations of synthetic guests between real peers in one process. */
class SyntheticRedirectTest {
  private static final DcmdConfig.Limits SLOW = new DcmdConfig.Limits(32L << 20, 16, 256, 0);
  private static final Duration DOWNTIME = Duration.ofMillis(300);
  private static final long MEMORY = 64L << 20;

  @TempDir Path directory;

  @Test
  void plainMigration() throws Exception {
    try (TestPeers peers = TestPeers.start(directory, "a", "b")) {
      addGuest(peers, "a", 2000);
      MigrationId migration = migrate(peers, "b");
      MigrationView end = peers.awaitEnd("a", migration);
      assertCompleted(end, "b");
      assertArrived(peers, "b");
      assertThat(end.outcome().redirects()).isZero();
      assertThat(end.progress().contributorBytes()).isZero();
    }
  }

  @Test
  void redirectInMidBulk() throws Exception {
    try (TestPeers peers = slow("a", "b", "c")) {
      addGuest(peers, "a", 500);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 4000);
      peers.peer("a").migrations().redirect(migration, "c");
      MigrationView end = peers.awaitEnd("a", migration);
      assertCompleted(end, "c");
      assertArrived(peers, "c");
      assertThat(end.outcome().redirects()).isEqualTo(1);
      assertThat(end.outcome().redirectedAtFraction()).isBetween(0.1, 0.9);
      assertThat(end.progress().contributorBytes()).isGreaterThan(4 << 20);
      assertThat(peers.peer("b").holders().activeCount()).isZero();
    }
  }

  @Test
  void twoRedirectsInARow() throws Exception {
    try (TestPeers peers = slow("a", "b", "c", "d")) {
      addGuest(peers, "a", 500);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 5000);
      peers.peer("a").migrations().redirect(migration, "c");
      peers.await("a", migration, view -> view.progress().contributorBytes() > 2 << 20);
      peers.peer("a").migrations().redirect(migration, "d");
      MigrationView end = peers.awaitEnd("a", migration);
      assertCompleted(end, "d");
      assertArrived(peers, "d");
      assertThat(end.outcome().redirects()).isEqualTo(2);
    }
  }

  @Test
  void redirectBackToTheFirstDestination() throws Exception {
    try (TestPeers peers = slow("a", "b", "c")) {
      addGuest(peers, "a", 500);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 5000);
      peers.peer("a").migrations().redirect(migration, "c");
      peers.await("a", migration, view -> view.progress().contributorBytes() > 2 << 20);
      peers.peer("a").migrations().redirect(migration, "b");
      MigrationView end = peers.awaitEnd("a", migration);
      assertCompleted(end, "b");
      assertArrived(peers, "b");
    }
  }

  @Test
  void contributorLostInMidRelay() throws Exception {
    try (TestPeers peers = slow("a", "b", "c")) {
      addGuest(peers, "a", 200);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 6000);
      peers.peer("a").migrations().redirect(migration, "c");
      peers.await("a", migration, view -> view.progress().contributorBytes() > 2 << 20);
      peers.stop("b");
      MigrationView end = peers.awaitEnd("a", migration);
      assertCompleted(end, "c");
      assertArrived(peers, "c");
    }
  }

  @Test
  void newDestinationLostThenRedirectBackToTheOldOne() throws Exception {
    try (TestPeers peers = slow("a", "b", "c")) {
      addGuest(peers, "a", 200);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 6000);
      peers.peer("a").migrations().redirect(migration, "c");
      peers.await("a", migration, view -> view.progress().contributorBytes() > 2 << 20);
      peers.stop("c");
      MigrationView parked =
          peers.await("a", migration, view -> view.state() instanceof SourceState.Parked);
      assertThat(parked.owner()).contains(TestPeers.id("a"));
      assertThat(parked.explanation()).contains("redirect");
      peers.peer("a").migrations().redirect(migration, "b");
      MigrationView end = peers.awaitEnd("a", migration);
      assertCompleted(end, "b");
      assertArrived(peers, "b");
    }
  }

  @Test
  void cancelKeepsTheGuestHere() throws Exception {
    try (TestPeers peers = slow("a", "b")) {
      SyntheticGuest guest = addGuest(peers, "a", 500);
      MigrationId migration = migrate(peers, "b");
      peers.await("a", migration, view -> view.progress().heldPages() > 1000);
      MigrationView end = peers.peer("a").migrations().cancel(migration);
      assertThat(end.state())
          .isInstanceOfSatisfying(
              SourceState.Ended.class,
              ended -> assertThat(ended.result()).isEqualTo(new Result.Cancelled()));
      assertThat(end.owner()).contains(TestPeers.id("a"));
      assertThat(guest.info().state().name()).isEqualTo("RUNNING");
      assertThat(guest.check()).isEmpty();
    }
  }

  private TestPeers slow(String... names) throws Exception {
    return TestPeers.start(directory, TransitionObserver.NONE, SLOW, List.of(), names);
  }

  private SyntheticGuest addGuest(TestPeers peers, String at, long writesPerSecond)
      throws Exception {
    SyntheticGuest guest =
        SyntheticGuest.create(
            "vm",
            new SyntheticSpec(MEMORY, writesPerSecond, SyntheticSpec.Pattern.UNIFORM, 7, 10),
            peers.runDirectory(at).resolve("guest-" + UUID.randomUUID()));
    peers.peer(at).guests().add(guest);
    return guest;
  }

  private static MigrationId migrate(TestPeers peers, String to) throws Exception {
    return peers.peer("a").migrations().migrate("vm", to, TestPeers.audited(DOWNTIME)).migration();
  }

  private static void assertCompleted(MigrationView end, String owner) {
    assertThat(end.owner()).as(end.toString()).contains(TestPeers.id(owner));
    assertThat(end.failure()).isEqualTo(Optional.empty());
    assertThat(end.outcome().audit()).isEqualTo(MigrationView.Audit.IDENTICAL);
    assertThat(end.outcome().downtimeNs()).isPositive();
  }

  private static void assertArrived(TestPeers peers, String at) throws Exception {
    assertThat(peers.peer("a").guests().has("vm")).isFalse();
    SyntheticGuest arrived = (SyntheticGuest) peers.peer(at).guests().get("vm");
    assertThat(arrived.info().state().name()).isEqualTo("RUNNING");
    assertThat(arrived.check()).isEmpty();
  }
}
