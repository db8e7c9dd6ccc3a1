package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.SourceMigration;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.rate.FairLimiter;
import org.dcmigrate.protocol.rate.Priority;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.GetLimitsRequest;
import org.dcmigrate.v1.GetLimitsResponse;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.MigrationLimits;
import org.dcmigrate.v1.MigrationOptions;
import org.dcmigrate.v1.MigrationSending;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.SetLimitsRequest;
import org.dcmigrate.v1.TransferShare;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Limits and priorities between real peers. What is measured of time is only that no more is sent
 * than the limit gives in it.
 */
class LimitsTest {
  private static final long MIB = 1 << 20;
  private static final Duration DOWNTIME = Duration.ofMillis(300);

  /** A crawl: a guest of this test would need hours. */
  private static final long CRAWL = 4096;

  @TempDir private Path directory;
  private Optional<TestPeers> started = Optional.empty();
  private final List<ManagedChannel> channels = new ArrayList<>();

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    started.ifPresent(TestPeers::close);
  }

  @Test
  void thePeersLimitHolds() throws Exception {
    TestPeers peers = peers(8 * MIB, "a", "b");
    addGuest(peers, "one", 24 * MIB);
    addGuest(peers, "two", 24 * MIB);
    MigrationId one = migrate(peers, "one", Share.NORMAL);
    MigrationId two = migrate(peers, "two", new Share(0, Priority.HIGH));
    // Each transfer has a turn in hand.
    assertNoFaster(8 * MIB, 2, () -> sentBytes(peers, one) + sentBytes(peers, two));
    assertArrives(peers, one);
    assertArrives(peers, two);
  }

  @Test
  void aMigrationsLimitHoldsAndTheOthersIsItsOwn() throws Exception {
    TestPeers peers = peers(0, "a", "b");
    addGuest(peers, "slow", 24 * MIB);
    addGuest(peers, "free", 24 * MIB);
    MigrationId slow = migrate(peers, "slow", new Share(4 * MIB, Priority.HIGH));
    MigrationId free = migrate(peers, "free", Share.NORMAL);
    assertArrives(peers, free);
    assertThat(sentBytes(peers, slow)).as("still under way").isLessThan(24 * MIB);
    assertNoFaster(4 * MIB, 1, () -> sentBytes(peers, slow));
    assertArrives(peers, slow);
  }

  @Test
  void prioritiesShareThePeersLimit() throws Exception {
    TestPeers peers = peers(CRAWL, "a", "b");
    addGuest(peers, "high", 64 * MIB);
    addGuest(peers, "low", 64 * MIB);
    MigrationId high = migrate(peers, "high", new Share(0, Priority.HIGH));
    MigrationId low = migrate(peers, "low", new Share(0, Priority.LOW));
    awaitTransfer(peers, high);
    awaitTransfer(peers, low);
    long highBefore = sentBytes(peers, high);
    long lowBefore = sentBytes(peers, low);

    set(peers, SetLimitsRequest.newBuilder().setEgressBytesPerSecond(16 * MIB));
    awaitSent(peers, high, highBefore + 48 * MIB);
    // 3 MiB by the weights, 48 MiB without.
    assertThat(sentBytes(peers, low) - lowBefore).isBetween(1L, 12 * MIB);

    // What the other leaves is lent: with a sixteenth it would take most of a minute.
    assertArrives(peers, high);
    set(peers, SetLimitsRequest.newBuilder().setEgressBytesPerSecond(0));
    assertArrives(peers, low);
  }

  @Test
  void equalPrioritiesGetEqualRates() throws Exception {
    TestPeers peers = peers(CRAWL, "a", "b");
    List<MigrationId> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      addGuest(peers, "vm" + i, 32 * MIB);
      all.add(migrate(peers, "vm" + i, Share.NORMAL));
    }
    for (MigrationId each : all) {
      awaitTransfer(peers, each);
    }
    List<Long> before = all.stream().map(each -> sentBytes(peers, each)).toList();
    set(peers, SetLimitsRequest.newBuilder().setEgressBytesPerSecond(24 * MIB));
    awaitSent(peers, all.getFirst(), before.getFirst() + 20 * MIB);
    for (int i = 1; i < all.size(); i++) {
      assertThat(sentBytes(peers, all.get(i)) - before.get(i)).isBetween(12 * MIB, 32 * MIB);
    }
    set(peers, SetLimitsRequest.newBuilder().setEgressBytesPerSecond(0));
    for (MigrationId each : all) {
      assertArrives(peers, each);
    }
  }

  @Test
  void aLimitChangedLiveTakesEffect() throws Exception {
    TestPeers peers = peers(16 * MIB, "a", "b");
    addGuest(peers, "vm", 64 * MIB);
    MigrationId migration = migrate(peers, "vm", Share.NORMAL);
    awaitSent(peers, migration, 4 * MIB);
    set(peers, limits(migration).setMostBytesPerSecond(MIB));
    assertNoFaster(MIB, 1, () -> sentBytes(peers, migration));
    MigrationSending now = limits(peers).getMigrations(0);
    assertThat(now.getMigrationId()).isEqualTo(migration.toString());
    assertThat(now.getGuest()).isEqualTo("vm");
    assertThat(now.getRole()).isEqualTo("source");
    assertThat(now.getShare())
        .isEqualTo(
            TransferShare.newBuilder()
                .setMostBytesPerSecond(MIB)
                .setPriority(org.dcmigrate.v1.Priority.PRIORITY_NORMAL)
                .build());
    // At this rate it would take a minute, and two with the rest of the guest.
    set(
        peers,
        limits(migration)
            .setMostBytesPerSecond(0)
            .setPriority(org.dcmigrate.v1.Priority.PRIORITY_HIGH));
    assertThat(limits(peers).getMigrations(0).getShare().getPriority())
        .isEqualTo(org.dcmigrate.v1.Priority.PRIORITY_HIGH);
    assertArrives(peers, migration);
    assertThat(limits(peers).getMigrationsList()).isEmpty();
  }

  @Test
  void aContributorRelaysUnderTheMigrationsLimitAndPriority() throws Exception {
    TestPeers peers = peers(32 * MIB, "a", "b", "c");
    addGuest(peers, "vm", 64 * MIB);
    MigrationId migration = migrate(peers, "vm", new Share(0, Priority.HIGH));
    awaitSent(peers, migration, 40 * MIB);
    set(peers, limits(migration).setMostBytesPerSecond(2 * MIB));
    peers.peer("a").migrations().redirect(migration, "c");

    Share relays = awaitRelay(peers, share -> share.mostBytesPerSecond() > 0);
    assertThat(relays.priority()).isEqualTo(Priority.HIGH);
    assertThat(relays.mostBytesPerSecond()).isLessThanOrEqualTo(2 * MIB);
    // What a contributor tells is up to a second old.
    assertNoFaster(2 * MIB, 1, 2 * MIB, () -> view(peers, migration).progress().contributorBytes());

    set(
        peers,
        limits(migration)
            .setMostBytesPerSecond(0)
            .setPriority(org.dcmigrate.v1.Priority.PRIORITY_LOW));
    awaitRelay(peers, share -> share.priority() == Priority.LOW);
    MigrationView end = peers.awaitEnd("a", migration);
    assertThat(end.owner()).contains(TestPeers.id("c"));
    assertThat(end.progress().contributorBytes()).isGreaterThan(10 * MIB);
    assertThat(peers.peer("b").egress().snapshot().migrations()).isEmpty();
  }

  /** The hosts' limits are of all that leaves them, relays and migrations of their own. */
  @Test
  void aRelayIsTheContributorsEgress() throws Exception {
    TestPeers peers = peers(32 * MIB, "a", "b", "c");
    addGuest(peers, "vm", 64 * MIB);
    MigrationId migration = migrate(peers, "vm", Share.NORMAL);
    awaitSent(peers, migration, 40 * MIB);
    peers.peer("b").egress().setBytesPerSecond(2 * MIB);
    peers.peer("a").egress().setBytesPerSecond(2 * MIB);
    peers.peer("a").migrations().redirect(migration, "c");
    awaitRelay(peers, share -> true);
    assertNoFaster(2 * MIB, 1, 2 * MIB, () -> view(peers, migration).progress().contributorBytes());
    peers.peer("b").egress().setBytesPerSecond(0);
    peers.peer("a").egress().setBytesPerSecond(0);
    assertThat(peers.awaitEnd("a", migration).owner()).contains(TestPeers.id("c"));
  }

  @Test
  void whatIsSetLastsUntilARestart() throws Exception {
    TestPeers peers = peers(7 * MIB, "a");
    set(peers, SetLimitsRequest.newBuilder().setEgressBytesPerSecond(MIB));
    assertThat(limits(peers))
        .isEqualTo(
            GetLimitsResponse.newBuilder()
                .setEgressBytesPerSecond(MIB)
                .setConfiguredEgressBytesPerSecond(7 * MIB)
                .build());
    peers.stop("a");
    peers.restart("a");
    assertThat(limits(peers).getEgressBytesPerSecond()).isEqualTo(7 * MIB);
  }

  @Test
  void whatCannotBeSetIsRefusedAndChangesNothing() throws Exception {
    TestPeers peers = peers(16 * MIB, "a", "b");
    addGuest(peers, "gone", MIB);
    MigrationId ended = migrate(peers, "gone", Share.NORMAL);
    assertArrives(peers, ended);
    addGuest(peers, "vm", 32 * MIB);
    MigrationId migration = migrate(peers, "vm", new Share(CRAWL, Priority.LOW));
    List<TransferShare> before = shares(peers);

    refused(peers, Reason.FIELD_INVALID, "nothing", SetLimitsRequest.newBuilder());
    refused(
        peers,
        Reason.FIELD_INVALID,
        "egress_bytes_per_second",
        limits(migration).setMostBytesPerSecond(1),
        request -> request.setEgressBytesPerSecond(-1));
    refused(
        peers,
        Reason.FIELD_INVALID,
        "most_bytes_per_second",
        limits(migration).setMostBytesPerSecond(Long.MIN_VALUE),
        request -> request.setEgressBytesPerSecond(1));
    refused(peers, Reason.FIELD_INVALID, "priority", limits(migration).setPriorityValue(9));
    refused(peers, Reason.FIELD_INVALID, "neither", limits(migration));
    refused(
        peers,
        Reason.FIELD_INVALID,
        "migration",
        MigrationLimits.newBuilder().setMigrationId("vm").setMostBytesPerSecond(1));
    refused(
        peers,
        Reason.MIGRATION_UNKNOWN,
        "source",
        limits(new MigrationId(UUID.randomUUID())).setMostBytesPerSecond(1),
        request -> request.setEgressBytesPerSecond(1));
    refused(
        peers,
        Reason.MIGRATION_FINISHED,
        "ended",
        limits(ended).setMostBytesPerSecond(1),
        request -> request.setEgressBytesPerSecond(1));
    MigrateRequest urgent =
        MigrateRequest.newBuilder()
            .setGuest("vm")
            .setDestination("b")
            .setOptions(
                MigrationOptions.newBuilder()
                    .setShare(TransferShare.newBuilder().setPriorityValue(9)))
            .build();
    assertThat(refusal(() -> operator(peers, "test").migrate(urgent)).reason())
        .isEqualTo(Reason.FIELD_INVALID);
    assertThat(
            refusal(
                    () ->
                        operator(peers, "stranger")
                            .getLimits(GetLimitsRequest.getDefaultInstance()))
                .reason())
        .isEqualTo(Reason.IDENTITY_NOT_ADMITTED);

    assertThat(shares(peers)).isEqualTo(before).hasSize(1);
    assertThat(limits(peers).getEgressBytesPerSecond()).isEqualTo(16 * MIB);
    peers.peer("a").migrations().cancel(migration);
  }

  // ---- Steps.

  private TestPeers peers(long egress, String... names) throws Exception {
    DcmdConfig.Limits limits = new DcmdConfig.Limits(egress, 16, 256, 0);
    TestPeers peers = TestPeers.start(directory, TransitionObserver.NONE, limits, List.of(), names);
    started = Optional.of(peers);
    return peers;
  }

  private static void addGuest(TestPeers peers, String name, long bytes) throws Exception {
    peers
        .peer("a")
        .guests()
        .add(
            SyntheticGuest.create(
                name,
                new SyntheticSpec(bytes, 0, SyntheticSpec.Pattern.UNIFORM, 3, 0),
                peers.runDirectory("a").resolve("guest-" + UUID.randomUUID())));
  }

  private static MigrationId migrate(TestPeers peers, String guest, Share share) throws Exception {
    return peers
        .peer("a")
        .migrations()
        .migrate(guest, "b", new SourceMigration.Options(DOWNTIME, true, Optional.empty(), share))
        .migration();
  }

  private static MigrationView view(TestPeers peers, MigrationId migration) {
    try {
      return peers.view("a", migration);
    } catch (DcmException unknown) {
      throw new AssertionError(unknown);
    }
  }

  private static long sentBytes(TestPeers peers, MigrationId migration) {
    return view(peers, migration).progress().sourceBytes();
  }

  private static void awaitSent(TestPeers peers, MigrationId migration, long bytes)
      throws Exception {
    peers.await("a", migration, view -> view.progress().sourceBytes() >= bytes);
  }

  /** Pages flow, as far as the limit lets them. */
  private static void awaitTransfer(TestPeers peers, MigrationId migration) throws Exception {
    peers.await(
        "a",
        migration,
        view -> view.state() instanceof SourceState.Transferring now && now.started());
  }

  private static void assertArrives(TestPeers peers, MigrationId migration) throws Exception {
    MigrationView end = peers.awaitEnd("a", migration);
    assertThat(end.owner()).as("%s", end).contains(TestPeers.id("b"));
    assertThat(end.outcome().audit()).isEqualTo(MigrationView.Audit.IDENTICAL);
  }

  private static void assertNoFaster(long rate, int transfers, LongSupplier sent) {
    assertNoFaster(rate, transfers, 0, sent);
  }

  private static void assertNoFaster(long rate, int transfers, long unseen, LongSupplier sent) {
    long startNs = System.nanoTime();
    long before = sent.getAsLong();
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1200));
    long bytes = sent.getAsLong() - before;
    double seconds = (System.nanoTime() - startNs) / 1e9;
    assertThat((double) bytes)
        .as("%.3f s", seconds)
        .isLessThanOrEqualTo(
            rate * seconds + FairLimiter.BURST_BYTES + transfers * FairLimiter.TURN_BYTES + unseen);
  }

  private static Share awaitRelay(TestPeers peers, Function<Share, Boolean> wanted)
      throws Exception {
    long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < deadlineNs) {
      Optional<Share> found =
          peers.peer("b").egress().snapshot().migrations().stream()
              .filter(each -> each.owner().role() == EgressLimiter.Role.CONTRIBUTOR)
              .map(EgressLimiter.Sending::share)
              .filter(wanted::apply)
              .findFirst();
      if (found.isPresent()) {
        return found.get();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
    throw new AssertionError("no such relay: " + peers.peer("b").egress().snapshot());
  }

  // ---- Calls, as an operator makes them.

  private MigrationServiceBlockingStub operator(TestPeers peers, String name) throws DcmException {
    ManagedChannel channel =
        Transport.channel(
            "127.0.0.1:" + peers.peer("a").port(),
            new Security.PlaintextLoopback(new PeerId("spiffe://test/operator/" + name)),
            TestPeers.id("a"));
    channels.add(channel);
    return MigrationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private GetLimitsResponse limits(TestPeers peers) throws DcmException {
    return operator(peers, "test").getLimits(GetLimitsRequest.getDefaultInstance());
  }

  private List<TransferShare> shares(TestPeers peers) throws DcmException {
    return limits(peers).getMigrationsList().stream().map(MigrationSending::getShare).toList();
  }

  private static MigrationLimits.Builder limits(MigrationId migration) {
    return MigrationLimits.newBuilder().setMigrationId(migration.toString());
  }

  private void set(TestPeers peers, MigrationLimits.Builder limits) throws DcmException {
    set(peers, SetLimitsRequest.newBuilder().setMigration(limits));
  }

  private void set(TestPeers peers, SetLimitsRequest.Builder request) throws DcmException {
    var _ = operator(peers, "test").setLimits(request.build());
  }

  private void refused(
      TestPeers peers, Reason reason, String hint, MigrationLimits.Builder limits) {
    refused(peers, reason, hint, limits, request -> request);
  }

  private void refused(
      TestPeers peers,
      Reason reason,
      String hint,
      MigrationLimits.Builder limits,
      Function<SetLimitsRequest.Builder, SetLimitsRequest.Builder> also) {
    refused(peers, reason, hint, also.apply(SetLimitsRequest.newBuilder().setMigration(limits)));
  }

  private void refused(
      TestPeers peers, Reason reason, String hint, SetLimitsRequest.Builder request) {
    DcmException refusal = refusal(() -> set(peers, request));
    assertThat(refusal.reason()).as(request.toString()).isEqualTo(reason);
    assertThat(refusal.sentence()).contains(hint);
  }

  private interface Call {
    void make() throws DcmException;
  }

  private static DcmException refusal(Call call) {
    StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class, call::make);
    assertThat(refused).as("refused").isNotNull();
    return Errors.fromStatus(refused);
  }
}
