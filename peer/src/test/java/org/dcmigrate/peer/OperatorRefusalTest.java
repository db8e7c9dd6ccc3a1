package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an operator may not do: each has its reason and says what to do, and changes nothing. */
class OperatorRefusalTest {
  private static final Duration DOWNTIME = Duration.ofMillis(300);

  @TempDir private Path directory;
  private TestPeers peers;

  @BeforeEach
  void startPeers() throws Exception {
    DcmdConfig.Limits slow = new DcmdConfig.Limits(16L << 20, 2, 4, 0);
    peers = TestPeers.start(directory, TransitionObserver.NONE, slow, List.of(), "a", "b", "c");
    addGuest("vm");
  }

  @AfterEach
  void stopPeers() {
    peers.close();
  }

  @Test
  void unknownGuest() {
    refused(Reason.GUEST_UNKNOWN, "vm", () -> migrate("nobody", "b"));
    assertThat(peers.peer("a").migrations().all()).isEmpty();
  }

  @Test
  void unknownPeer() {
    refused(Reason.PEER_UNKNOWN, "[b, c]", () -> migrate("vm", "z"));
    assertThat(peers.peer("a").guests().migration("vm")).isEmpty();
  }

  @Test
  void migrateToTheSourceItself() {
    refused(Reason.DESTINATION_IS_SOURCE, "another", () -> migrate("vm", "a"));
    assertThat(peers.peer("a").guests().migration("vm")).isEmpty();
  }

  @Test
  void guestInMigrationAlready() throws Exception {
    MigrationId first = migrate("vm", "b");
    refused(Reason.GUEST_BUSY, first.toString(), () -> migrate("vm", "c"));
    assertGoesOn(first, "b");
  }

  @Test
  void redirectToTheCurrentDestination() throws Exception {
    MigrationId migration = transferring();
    refused(Reason.DESTINATION_IS_CURRENT, "another", () -> redirect(migration, "b"));
    assertGoesOn(migration, "b");
  }

  @Test
  void redirectToTheSource() throws Exception {
    MigrationId migration = transferring();
    refused(Reason.DESTINATION_IS_SOURCE, "cancel", () -> redirect(migration, "a"));
    assertGoesOn(migration, "b");
  }

  @Test
  void redirectToAnUnknownPeer() throws Exception {
    MigrationId migration = transferring();
    refused(Reason.PEER_UNKNOWN, "configuration", () -> redirect(migration, "z"));
    assertGoesOn(migration, "b");
  }

  @Test
  void redirectToAPeerThatIsDown() throws Exception {
    peers.stop("c");
    MigrationId migration = transferring();
    refused(Reason.PEER_UNREACHABLE, "c: ", () -> redirect(migration, "c"));
    assertGoesOn(migration, "b");
  }

  @Test
  void redirectToAPeerThatCannotRunTheGuest() throws Exception {
    SyntheticGuest other =
        SyntheticGuest.create(
            "vm",
            new SyntheticSpec(1 << 20, 0, SyntheticSpec.Pattern.UNIFORM, 1, 0),
            peers.runDirectory("c").resolve("guest-" + UUID.randomUUID()));
    peers.peer("c").guests().add(other);
    MigrationId migration = transferring();
    refused(Reason.GUEST_EXISTS, "vm", () -> redirect(migration, "c"));
    assertGoesOn(migration, "b");
  }

  @Test
  void migrateToAPeerThatIsDown() throws Exception {
    peers.stop("b");
    MigrationView end = peers.awaitEnd("a", migrate("vm", "b"));
    assertThat(end.failure().orElseThrow().reason()).isEqualTo(Reason.PEER_UNREACHABLE);
    assertThat(end.owner()).contains(TestPeers.id("a"));
    assertThat(peers.peer("a").guests().get("vm").info().state().name()).isEqualTo("RUNNING");
    assertThat(peers.peer("a").guests().migration("vm")).isEmpty();
  }

  @Test
  void redirectAndCancelAfterTheEnd() throws Exception {
    MigrationId migration = migrate("vm", "b");
    peers.peer("a").egress().setBytesPerSecond(0);
    peers.awaitEnd("a", migration);
    refused(Reason.MIGRATION_FINISHED, "owner", () -> redirect(migration, "c"));
    refused(
        Reason.MIGRATION_FINISHED, "owner", () -> peers.peer("a").migrations().cancel(migration));
    assertThat(peers.view("a", migration).owner()).contains(TestPeers.id("b"));
  }

  @Test
  void unknownMigration() {
    refused(
        Reason.MIGRATION_UNKNOWN,
        "source",
        () -> redirect(new MigrationId(UUID.randomUUID()), "c"));
  }

  @Test
  void moreMigrationsThanAllowed() throws Exception {
    addGuest("vm2");
    addGuest("vm3");
    migrate("vm", "b");
    migrate("vm2", "b");
    refused(Reason.LIMIT_EXCEEDED, "limits.migrations", () -> migrate("vm3", "b"));
    assertThat(peers.peer("a").guests().migration("vm3")).isEmpty();
  }

  @Test
  void destinationWithoutTheMemory() throws Exception {
    peers.close();
    DcmdConfig.Limits small = new DcmdConfig.Limits(0, 16, 4, 1 << 20);
    peers = TestPeers.start(directory, TransitionObserver.NONE, small, List.of(), "a", "b");
    addGuest("vm");
    MigrationView end = peers.awaitEnd("a", migrate("vm", "b"));
    assertThat(end.failure().orElseThrow().reason()).isEqualTo(Reason.LIMIT_EXCEEDED);
    assertThat(end.failure().orElseThrow().sentence()).contains("limits.memoryBytes");
    assertThat(end.owner()).contains(TestPeers.id("a"));
  }

  private void addGuest(String name) throws Exception {
    peers
        .peer("a")
        .guests()
        .add(
            SyntheticGuest.create(
                name,
                new SyntheticSpec(16 << 20, 100, SyntheticSpec.Pattern.UNIFORM, 3, 0),
                peers.runDirectory("a").resolve("guest-" + UUID.randomUUID())));
  }

  private MigrationId migrate(String guest, String to) throws DcmException {
    return peers.peer("a").migrations().migrate(guest, to, TestPeers.audited(DOWNTIME)).migration();
  }

  private MigrationId transferring() throws Exception {
    MigrationId migration = migrate("vm", "b");
    peers.await("a", migration, view -> view.state() instanceof SourceState.Transferring);
    return migration;
  }

  private void redirect(MigrationId migration, String to) throws DcmException {
    peers.peer("a").migrations().redirect(migration, to);
  }

  private static void refused(Reason reason, String hint, ThrowingCallable call) {
    DcmException refusal = catchThrowableOfType(DcmException.class, call);
    assertThat(refusal).as("refused").isNotNull();
    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal.sentence()).contains(hint);
  }

  private void assertGoesOn(MigrationId migration, String to) throws Exception {
    MigrationView end = peers.awaitEnd("a", migration);
    assertThat(end.owner()).as(end.toString()).contains(TestPeers.id(to));
    assertThat(end.outcome().audit()).isEqualTo(MigrationView.Audit.IDENTICAL);
    assertThat(end.outcome().redirects()).isZero();
  }
}
