package org.dcmigrate.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dcmigrate.ctl.FakePeer.Result;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.GetLimitsResponse;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationLimits;
import org.dcmigrate.v1.MigrationSending;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.Priority;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.SetDowntimeLimitRequest;
import org.dcmigrate.v1.SetLimitsRequest;
import org.dcmigrate.v1.TransferShare;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CommandsTest {
  private static final String ID = "6f1c0a52-1111-4c1b-9a55-000000000001";
  private static final String OTHER = "6f1cffff-2222-4c1b-9a55-000000000002";

  private FakePeer peer;

  @BeforeEach
  void start() throws Exception {
    peer = new FakePeer();
  }

  @AfterEach
  void stop() {
    peer.close();
  }

  @Test
  void listsAreTablesJsonYamlOrNames() {
    peer.guests.add(FakePeer.guest("web-1"));

    assertThat(peer.run("guest", "list").out())
        .isEqualTo(
            """
            NAME   KIND       STATE    MEMORY   MIGRATION
            web-1  synthetic  running  512 MiB  -
            """);
    assertThat(peer.run("guest", "list", "-o", "json").out())
        .contains("\"memoryBytes\": \"536870912\"")
        .contains("\"migrationId\": \"\"");
    assertThat(peer.run("guest", "list", "-o", "yaml").out()).contains("name: web-1");
    assertThat(peer.run("guest", "list", "-o", "name").out()).isEqualTo("web-1\n");
  }

  @Test
  void whatAPeerSaysCannotSteerTheTerminal() {
    assertThat(peer.run("peer", "list", "-o", "wide").out())
        .contains("?[31mrefused")
        .doesNotContain("\u001b");
  }

  @Test
  void guestsAreCreatedAsAsked() {
    Result result =
        peer.run(
            "guest",
            "create",
            "g",
            "--memory",
            "1GiB",
            "--writes-per-second",
            "5",
            "--pattern",
            "hot-set");

    assertThat(result.exitCode()).isZero();
    CreateGuestRequest request = (CreateGuestRequest) peer.asked.getFirst();
    assertThat(request.getMemoryBytes()).isEqualTo(1L << 30);
    assertThat(request.getWritesPerSecond()).isEqualTo(5);
    assertThat(request.getPattern().name()).isEqualTo("WRITE_PATTERN_HOT_SET");
  }

  @Test
  void aRefusalIsOneSentenceWithItsReason() {
    peer.refuse(Reason.GUEST_BUSY, "the guest is in a migration already");

    Result result = peer.run("migrate", "web-1", "--to", "host-b");

    assertThat(result.exitCode()).isEqualTo(ExitCode.REFUSED);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .isEqualTo("dcmctl: refused (GUEST_BUSY): the guest is in a migration already\n");
  }

  @Test
  void reasonsHaveTheirExitCodes() {
    peer.refuse(Reason.PEER_NOT_SERVING, "starting");
    assertThat(peer.run("guest", "list").exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    peer.refuse(Reason.INTERNAL, "defect");
    assertThat(peer.run("guest", "list").exitCode()).isEqualTo(ExitCode.INTERNAL);
    peer.close();
    assertThat(peer.run("guest", "list").exitCode()).isEqualTo(ExitCode.UNREACHABLE);
  }

  @Test
  void mistakesAreTwo() {
    for (List<String> mistake :
        List.of(
            List.<String>of(),
            List.of("guest"),
            List.of("guest", "lst"),
            List.of("migrate", "web-1"),
            List.of("guest", "list", "-o", "xml"),
            List.of("limits", "set", "--egress", "fast"),
            List.of("guest", "create", "g", "--pattern", "random"),
            List.of("migrate", "web-1", "--to", "b", "--downtime-limit", "-1"),
            List.of("migrate", "web-1", "--to", "b", "--watch", "--timeout", "soon"),
            List.of("--context", "none", "guest", "list"))) {
      Result result = run(mistake);
      assertThat(result.exitCode()).as("%s", mistake).isEqualTo(ExitCode.USAGE);
      assertThat(result.err()).startsWith("dcmctl: ").doesNotContain("Exception");
    }
    assertThat(peer.asked).isEmpty();
  }

  private Result run(List<String> arguments) {
    // Without --context the fake peer is reached whatever the settings say; with it they are read.
    return peer.run(arguments.toArray(String[]::new));
  }

  @Test
  void migrateTellsTheId() {
    peer.migrations.add(migration(ID, "web-1", MigrationState.MIGRATION_STATE_OPENING));

    Result result =
        peer.run("migrate", "web-1", "--to", "host-b", "--audit", "--downtime-limit", "200");

    assertThat(result)
        .isEqualTo(new Result(0, "guest web-1 migrates to host-b, migration " + ID + "\n", ""));
    MigrateRequest request = (MigrateRequest) peer.asked.getFirst();
    assertThat(request.getOptions().getAudit()).isTrue();
    assertThat(request.getOptions().getDowntimeLimitMs()).isEqualTo(200);
    assertThat(peer.run("migrate", "web-1", "--to", "host-b", "-o", "name").out())
        .isEqualTo(ID + "\n");
  }

  @Test
  void aMigrationIsMeantByPrefixOrGuest() {
    peer.migrations.add(migration(ID, "web-1", MigrationState.MIGRATION_STATE_TRANSFERRING));
    peer.migrations.add(migration(OTHER, "web-1", MigrationState.MIGRATION_STATE_COMPLETED));

    assertThat(peer.run("redirect", "web-1", "--to", "host-c").exitCode()).isZero();
    assertThat(((RedirectRequest) peer.asked.getLast()).getMigrationId()).isEqualTo(ID);
    assertThat(peer.run("migration", "cancel", "6f1cf").exitCode()).isZero();
    assertThat(((CancelMigrationRequest) peer.asked.getLast()).getMigrationId()).isEqualTo(OTHER);
    assertThat(peer.run("migration", "show", OTHER).exitCode()).isZero();
    assertThat(peer.asked.getLast()).isInstanceOf(GetMigrationRequest.class);

    Result both = peer.run("migration", "show", "6f1c");
    assertThat(both.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(both.err()).contains("fits several").contains(ID).contains(OTHER);
    Result none = peer.run("migration", "show", "nothing");
    assertThat(none.exitCode()).isEqualTo(ExitCode.REFUSED);
    assertThat(none.err()).contains("MIGRATION_UNKNOWN");
  }

  @Test
  void theDowntimeLimitOfARunningMigrationIsSet() {
    peer.migrations.add(migration(ID, "web-1", MigrationState.MIGRATION_STATE_TRANSFERRING));

    Result set = peer.run("migration", "set", "web-1", "--downtime-limit", "1500");
    assertThat(set.exitCode()).isZero();
    assertThat(set.out()).contains("guest web-1 may stand still for 1500 ms");
    assertThat(peer.asked.getLast())
        .isEqualTo(
            SetDowntimeLimitRequest.newBuilder()
                .setMigrationId(ID)
                .setDowntimeLimitMs(1500)
                .build());
    assertThat(peer.run("migration", "set", "web-1", "--downtime-limit", "60001").exitCode())
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void limitsTakeRatesInBitsAndInBytes() {
    Map<String, Long> rates = new LinkedHashMap<>();
    rates.put("100MiB", 100L << 20);
    rates.put("10Gbit/s", 1_250_000_000L);
    rates.put("none", 0L);
    rates.put("0", 0L);
    rates.put("1.5GB", 1_500_000_000L);
    rates.put("500 Mbit", 62_500_000L);
    rates.put("500mbit/s", 62_500_000L);
    rates.put("8bit", 1L);
    rates.put("1.5m", 3L << 19);
    rates.put("100M", 100L << 20);
    rates.put("2G/s", 2L << 30);
    rates.put("64kB/s", 64_000L);
    rates.put("4096B/s", 4096L);
    rates.forEach(
        (rate, bytes) -> {
          assertThat(peer.run("limits", "set", "--egress", rate).exitCode()).as(rate).isZero();
          assertThat(peer.asked.getLast())
              .as(rate)
              .isEqualTo(SetLimitsRequest.newBuilder().setEgressBytesPerSecond(bytes).build());
        });
  }

  @Test
  void aRateWhoseUnitIsInDoubtIsAMistake() {
    for (String rate :
        List.of("100", "100Mb", "100mb/s", "100Mbps", "1bit", "-1M", "9999999T", "")) {
      Result result = peer.run("limits", "set", "--egress=" + rate);
      assertThat(result.exitCode()).as(rate).isEqualTo(ExitCode.USAGE);
      assertThat(result.err()).as(rate).startsWith("dcmctl: a rate must");
    }
    for (List<String> mistake :
        List.of(
            List.of("limits", "set"),
            List.of("limits", "set", "--rate", "1M"),
            List.of("limits", "set", "--priority", "high"),
            List.of("limits", "set", "--migration", ID),
            List.of("limits", "set", "--egress", "1M", "--migration", ID),
            List.of("limits", "set", "--migration", ID, "--priority", "urgent"),
            List.of("migrate", "web-1", "--to", "b", "--limit", "10"),
            List.of("migrate", "web-1", "--to", "b", "--priority", "2"))) {
      assertThat(run(mistake).exitCode()).as("%s", mistake).isEqualTo(ExitCode.USAGE);
    }
    assertThat(peer.asked).isEmpty();
  }

  @Test
  void limitsOfAMigrationAreSetWithoutTouchingTheRest() {
    assertThat(
            peer.run("limits", "set", "--migration", ID, "--rate", "10M", "--priority", "low")
                .exitCode())
        .isZero();
    assertThat(peer.asked.getLast())
        .isEqualTo(
            SetLimitsRequest.newBuilder()
                .setMigration(
                    MigrationLimits.newBuilder()
                        .setMigrationId(ID)
                        .setMostBytesPerSecond(10 << 20)
                        .setPriority(Priority.PRIORITY_LOW))
                .build());
    assertThat(peer.run("limits", "set", "--migration", ID, "--rate", "none").exitCode()).isZero();
    assertThat(peer.asked.getLast())
        .isEqualTo(
            SetLimitsRequest.newBuilder()
                .setMigration(
                    MigrationLimits.newBuilder().setMigrationId(ID).setMostBytesPerSecond(0))
                .build());

    peer.refuse(Reason.MIGRATION_FINISHED, "it has ended");
    assertThat(peer.run("limits", "set", "--migration", ID, "--priority", "high"))
        .isEqualTo(
            new Result(
                ExitCode.REFUSED, "", "dcmctl: refused (MIGRATION_FINISHED): it has ended\n"));
  }

  @Test
  void migrateTakesLimitAndPriority() {
    peer.migrations.add(migration(ID, "web-1", MigrationState.MIGRATION_STATE_OPENING));
    assertThat(
            peer.run(
                    "migrate",
                    "web-1",
                    "--to",
                    "host-b",
                    "--limit",
                    "500Mbit/s",
                    "--priority",
                    "high")
                .exitCode())
        .isZero();
    assertThat(((MigrateRequest) peer.asked.getLast()).getOptions().getShare())
        .isEqualTo(
            TransferShare.newBuilder()
                .setMostBytesPerSecond(62_500_000)
                .setPriority(Priority.PRIORITY_HIGH)
                .build());
  }

  @Test
  void limitsAreShown() {
    peer.limits =
        GetLimitsResponse.newBuilder()
            .setEgressBytesPerSecond(100 << 20)
            .setConfiguredEgressBytesPerSecond(1L << 30)
            .setBytesPerSecond(95 << 20)
            .addMigrations(
                MigrationSending.newBuilder()
                    .setMigrationId(ID)
                    .setGuest("web-1")
                    .setRole("source")
                    .setShare(TransferShare.newBuilder().setPriority(Priority.PRIORITY_HIGH))
                    .setBytesPerSecond(90 << 20))
            .addMigrations(
                MigrationSending.newBuilder()
                    .setMigrationId(OTHER)
                    .setGuest("db")
                    .setRole("contributor")
                    .setShare(
                        TransferShare.newBuilder()
                            .setMostBytesPerSecond(5 << 20)
                            .setPriority(Priority.PRIORITY_LOW))
                    .setBytesPerSecond(5 << 20))
            .build();
    assertThat(peer.run("limits", "show").out())
        .isEqualTo(
            """
            egress limit  100 MiB/s
            configured    1.0 GiB/s
            egress now    95 MiB/s

            MIGRATION  GUEST  ROLE         PRIORITY  LIMIT      NOW
            6f1c0a52   web-1  source       high      none       90 MiB/s
            6f1cffff   db     contributor  low       5.0 MiB/s  5.0 MiB/s
            """);
    assertThat(peer.run("limits", "show", "-o", "json").out())
        .contains("\"mostBytesPerSecond\": \"5242880\"")
        .contains("\"priority\": \"PRIORITY_LOW\"");
    assertThat(peer.run("limits", "show", "-o", "name").out()).isEqualTo(ID + "\n" + OTHER + "\n");

    peer.limits = GetLimitsResponse.getDefaultInstance();
    assertThat(peer.run("limits", "show").out())
        .isEqualTo(
            """
            egress limit  none
            egress now    0 B/s

            MIGRATION  GUEST  ROLE  PRIORITY  LIMIT  NOW
            """);
  }

  @Test
  void helpAndCompletionNeedNoPeer() {
    assertThat(peer.run("--help").out()).contains("Exit codes: 0 done");
    assertThat(peer.run("completion").out()).contains("complete -F").contains("redirect");
    assertThat(peer.run("version").out()).startsWith("dcmctl ");
  }

  static Migration migration(String id, String guest, MigrationState state) {
    return Migration.newBuilder()
        .setMigrationId(id)
        .setGuest(guest)
        .setState(state)
        .setSource("host-a")
        .setDestination("host-b")
        .setOwner("host-a")
        .setEpoch(1)
        .build();
  }
}
