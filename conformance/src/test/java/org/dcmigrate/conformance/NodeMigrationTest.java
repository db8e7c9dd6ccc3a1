package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.conformance.MixedCluster.Host;
import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationLimits;
import org.dcmigrate.v1.MigrationOptions;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.SetLimitsRequest;
import org.dcmigrate.v1.TransferShare;
import org.dcmigrate.v1.WritePattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Migrations and redirects between the reference peer and the Node peer, in each of its roles. */
@Timeout(120)
class NodeMigrationTest {
  private static final String GUEST = "web-1";
  private static final long MEMORY = 48L << 20;
  private static final long SLOW = 24L << 20;

  /** PARKED, too: nobody redirects again. */
  private static final Set<MigrationState> ENDS =
      EnumSet.of(
          MigrationState.MIGRATION_STATE_COMPLETED,
          MigrationState.MIGRATION_STATE_CANCELLED,
          MigrationState.MIGRATION_STATE_FAILED,
          MigrationState.MIGRATION_STATE_PARKED);

  @BeforeAll
  static void requireNode() {
    NodePeer.require();
  }

  @ParameterizedTest
  @CsvSource({
    "NODE_A,, false",
    "NODE_A,, true",
    "NODE_A, REFERENCE_B, false",
    "REFERENCE_B, NODE_A, false",
    "NODE_A, NODE_B, false",
    "NODE_A, NODE_B, true",
  })
  void aGuestArrivesWhole(Host first, Host second, boolean tls, @TempDir Path directory)
      throws Exception {
    try (MixedCluster cluster = MixedCluster.start(directory, tls)) {
      createGuest(cluster);
      MigrationServiceBlockingStub operator =
          MigrationServiceGrpc.newBlockingStub(cluster.operatorOf(Host.REFERENCE_A));

      Migration begun =
          operator
              .migrate(
                  MigrateRequest.newBuilder()
                      .setGuest(GUEST)
                      .setDestination(first.peerName())
                      .setOptions(
                          MigrationOptions.newBuilder()
                              .setAudit(true)
                              .setShare(TransferShare.newBuilder().setMostBytesPerSecond(SLOW)))
                      .build())
              .getMigration();
      Optional<Migration> redirected =
          Optional.ofNullable(second).map(host -> redirect(operator, begun, host));
      Migration ended = awaitEnd(operator, begun);

      assertThat(ended.getState())
          .as(ended.getExplanation())
          .isEqualTo(MigrationState.MIGRATION_STATE_COMPLETED);
      Host owner = second == null ? first : second;
      assertThat(ended.getOwner()).isEqualTo(owner.peerName());
      assertThat(ended.getOutcome().getAudit()).isEqualTo(Audit.AUDIT_IDENTICAL);
      assertThat(placesOfGuest(cluster)).containsExactly(owner);
      if (isNode(owner)) {
        assertThat(guestsOf(cluster, owner).getFirst().getDetailsOrThrow("memory-digest"))
            .isEqualTo(HexFormat.of().toHexDigits(ended.getOutcome().getMemoryDigest()));
      }
      if (redirected.isPresent()) {
        assertThat(ended.getProgress().getContributorBytes())
            .as("bytes relayed by %s", first)
            .isGreaterThan(4L << 20);
        assertThat(ended.getWitness()).isEqualTo(first.peerName());
      }
      assertThat(activeMigrations(cluster)).as("migrations left behind").isZero();
    }
  }

  private static boolean isNode(Host host) {
    return host == Host.NODE_A || host == Host.NODE_B;
  }

  private static void createGuest(MixedCluster cluster) {
    PeerServiceGrpc.newBlockingStub(cluster.operatorOf(Host.REFERENCE_A))
        .createGuest(
            CreateGuestRequest.newBuilder()
                .setName(GUEST)
                .setMemoryBytes(MEMORY)
                .setWritesPerSecond(200)
                .setPattern(WritePattern.WRITE_PATTERN_UNIFORM)
                .setSeed(7)
                .setZeroPercent(10)
                .build());
  }

  /** Redirects when a third of the memory is there, and lets the rest go at full speed. */
  private static Migration redirect(
      MigrationServiceBlockingStub operator, Migration migration, Host host) {
    while (get(operator, migration).getProgress().getSourceBytes() < MEMORY / 3) {
      pause();
    }
    Migration redirected =
        operator
            .redirect(
                RedirectRequest.newBuilder()
                    .setMigrationId(migration.getMigrationId())
                    .setDestination(host.peerName())
                    .build())
            .getMigration();
    operator.setLimits(
        SetLimitsRequest.newBuilder()
            .setMigration(
                MigrationLimits.newBuilder()
                    .setMigrationId(migration.getMigrationId())
                    .setMostBytesPerSecond(0))
            .build());
    return redirected;
  }

  private static Migration awaitEnd(MigrationServiceBlockingStub operator, Migration migration) {
    while (true) {
      Migration now = get(operator, migration);
      if (ENDS.contains(now.getState()) && now.getOutcome().getAudit() != Audit.AUDIT_PENDING) {
        return now;
      }
      pause();
    }
  }

  private static Migration get(MigrationServiceBlockingStub operator, Migration migration) {
    return operator
        .getMigration(
            GetMigrationRequest.newBuilder().setMigrationId(migration.getMigrationId()).build())
        .getMigration();
  }

  private static List<Host> placesOfGuest(MixedCluster cluster) {
    List<Host> places = new ArrayList<>();
    for (Host host : Host.values()) {
      if (!guestsOf(cluster, host).isEmpty()) {
        places.add(host);
      }
    }
    return places;
  }

  private static List<Guest> guestsOf(MixedCluster cluster, Host host) {
    return PeerServiceGrpc.newBlockingStub(cluster.operatorOf(host))
        .listGuests(ListGuestsRequest.getDefaultInstance())
        .getGuestsList();
  }

  /** Contributors are released a moment after the end. */
  private static int activeMigrations(MixedCluster cluster) {
    int active = 0;
    for (int attempt = 0; attempt < 50; attempt++) {
      active = 0;
      for (Host host : Host.values()) {
        active +=
            PeerServiceGrpc.newBlockingStub(cluster.operatorOf(host))
                .getPeer(GetPeerRequest.getDefaultInstance())
                .getMigrationCount();
      }
      if (active == 0) {
        return 0;
      }
      pause();
    }
    return active;
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }
}
