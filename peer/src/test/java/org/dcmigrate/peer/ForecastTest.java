package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.guest.synthetic.SyntheticGuest;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec;
import org.dcmigrate.peer.source.Advice;
import org.dcmigrate.peer.source.MigrationView;
import org.dcmigrate.peer.source.TransitionObserver;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.forecast.Verdict;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.SetDowntimeLimitRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators are told of migrations that do not get on, and what helps. */
class ForecastTest {
  // Of 16 MiB, the guest writes twice as much in a second as the limit lets through.
  private static final DcmdConfig.Limits NARROW = new DcmdConfig.Limits(8L << 20, 16, 256, 0);
  private static final long MEMORY = 16L << 20;
  private static final long WRITES = 4096;

  @TempDir Path directory;

  @Test
  void aGuestThatWritesFasterThanThePathDoesNotConvergeUntilItMayStandStillForLonger()
      throws Exception {
    try (TestPeers peers =
        TestPeers.start(directory, TransitionObserver.NONE, NARROW, List.of(), "a", "b")) {
      peers
          .peer("a")
          .guests()
          .add(
              SyntheticGuest.create(
                  "vm",
                  new SyntheticSpec(MEMORY, WRITES, SyntheticSpec.Pattern.UNIFORM, 7, 0),
                  peers.runDirectory("a").resolve("guest-" + UUID.randomUUID())));
      MigrationId migration =
          peers
              .peer("a")
              .migrations()
              .migrate("vm", "b", TestPeers.audited(Duration.ofMillis(100)))
              .migration();
      MigrationView view = peers.await("a", migration, now -> verdict(now, Verdict.NOT_CONVERGING));
      MigrationView.Prospect prospect = view.progress().prospect().orElseThrow();
      assertThat(prospect.reason()).contains("cannot converge", "MiB/s", "and may for 100 ms");
      assertThat((double) prospect.forecast().bandwidth()).isBetween(6.0e6, 10.0e6);
      assertThat((double) prospect.forecast().dirtyRate().getAsLong()).isBetween(6.0e6, 20.0e6);
      assertThat(prospect.advice())
          .extracting(Advice::action)
          .containsExactly(
              Advice.Action.RAISE_DOWNTIME_LIMIT,
              Advice.Action.THROTTLE_GUEST,
              Advice.Action.REDIRECT);
      long limitMs = prospect.forecast().sufficientLimitMs().getAsLong();
      assertThat(limitMs).isBetween(500L, 4000L);
      assertThat(prospect.advice().getFirst().command())
          .isEqualTo("dcmctl migration set %s --downtime-limit %d".formatted(migration, limitMs));
      peers.peer("a").migrations().limitDowntime(migration, Duration.ofMillis(limitMs));
      MigrationView end = peers.awaitEnd("a", migration);
      assertThat(end.owner()).as(end.toString()).contains(TestPeers.id("b"));
      assertThat(end.outcome().downtimeNs()).isGreaterThan(Duration.ofMillis(100).toNanos());
      assertThat(end.progress().prospect()).isEmpty();
    }
  }

  private static boolean verdict(MigrationView view, Verdict wanted) {
    return view.progress().prospect().filter(now -> now.forecast().verdict() == wanted).isPresent();
  }

  @Test
  void aStoppedDestinationIsNamed() throws Exception {
    Map<String, String> yaml =
        Map.of(
            "a",
            """
            guests:
              synthetic:
                - {name: vm, memory: 256MiB, writesPerSecond: 100}
            """);
    Path files = Files.createDirectory(directory.resolve("daemons"));
    try (ProcessPeers peers = ProcessPeers.patient(files, yaml, "30s", "a", "b")) {
      String migration = peers.migrate("a", "b");
      peers.await("a", migration, now -> now.getProgress().getHeldPages() > 1000);
      peers.freeze("b");
      Migration stalled =
          peers.await(
              "a",
              migration,
              now ->
                  now.getProgress().getForecast().getVerdict()
                      == org.dcmigrate.v1.Verdict.VERDICT_STALLED);
      assertThat(stalled.getProgress().getForecast().getStalledPeer()).isEqualTo("b");
      assertThat(stalled.getProgress().getForecast().getStalledMs()).isGreaterThanOrEqualTo(3000);
      assertThat(stalled.getProgress().getForecast().getReason())
          .contains("b is silent: it has not answered for")
          .contains("has acknowledged no pages for");
      peers.resume("b");
      peers
          .migrations("a")
          .setDowntimeLimit(
              SetDowntimeLimitRequest.newBuilder()
                  .setMigrationId(migration)
                  .setDowntimeLimitMs(1000)
                  .build());
      peers.await(
          "a",
          migration,
          now ->
              now.getProgress().getForecast().getVerdict()
                      == org.dcmigrate.v1.Verdict.VERDICT_CONVERGING
                  && now.getProgress().getDowntimeLimitMs() == 1000
                  && now.getProgress().getRemainingMs() > 0);
    }
  }
}
