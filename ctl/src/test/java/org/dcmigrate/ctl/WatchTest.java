package org.dcmigrate.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.dcmigrate.ctl.FakePeer.Result;
import org.dcmigrate.v1.Advice;
import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.ContributorProgress;
import org.dcmigrate.v1.Forecast;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.Outcome;
import org.dcmigrate.v1.Progress;
import org.dcmigrate.v1.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WatchTest {
  private static final String ID = "6f1c0a52-1111-4c1b-9a55-000000000001";

  private FakePeer peer;

  @BeforeEach
  void start() throws Exception {
    peer = new FakePeer();
    peer.migrations.add(step(MigrationState.MIGRATION_STATE_TRANSFERRING).build());
  }

  @AfterEach
  void stop() {
    peer.close();
  }

  @Test
  void progressIsOnErrAndTheSummaryOnOut() {
    peer.course.add(
        step(MigrationState.MIGRATION_STATE_TRANSFERRING)
            .setProgress(
                Progress.newBuilder()
                    .setTotalPages(1000)
                    .setHeldPages(423)
                    .setRemainingPages(500)
                    .setPass(2)
                    .setSourceBytesPerSecond(100 << 20)
                    .setRemainingMs(12_000))
            .build());
    peer.course.add(completed().build());

    Result result = peer.run("migrate", "web-1", "--to", "host-b", "--watch");

    assertThat(result.exitCode()).isZero();
    assertThat(result.err())
        .contains("transferring to host-b 42.3 %")
        .contains("source 100 MiB/s")
        .contains("pass 2")
        .doesNotContain("\r", "\u001b");
    assertThat(result.out())
        .contains("182.0 ms")
        .contains("last pages 120.0 ms")
        .contains("host-c")
        .contains("every page is identical");
  }

  @Test
  void jsonIsOneLineForEachStep() {
    peer.course.add(step(MigrationState.MIGRATION_STATE_TRANSFERRING).build());
    peer.course.add(completed().build());

    Result result = peer.run("migration", "watch", ID, "-o", "json");

    assertThat(result.err()).isEmpty();
    assertThat(result.out().lines())
        .hasSize(2)
        .allSatisfy(line -> assertThat(line).startsWith("{").contains("\"state\":"));
  }

  @Test
  void theExitCodeTellsHowItWent() {
    assertThat(codeAfter(completed())).isEqualTo(ExitCode.DONE);
    assertThat(codeAfter(step(MigrationState.MIGRATION_STATE_CANCELLED)))
        .isEqualTo(ExitCode.MIGRATION_FAILED);
    assertThat(codeAfter(step(MigrationState.MIGRATION_STATE_FAILED)))
        .isEqualTo(ExitCode.MIGRATION_FAILED);
    assertThat(codeAfter(step(MigrationState.MIGRATION_STATE_FAILED).setOwner("")))
        .isEqualTo(ExitCode.IN_DOUBT);
    assertThat(
            codeAfter(completed().setOutcome(Outcome.newBuilder().setAudit(Audit.AUDIT_DIFFERENT))))
        .isEqualTo(ExitCode.INTERNAL);
  }

  @Test
  void theAuditIsWaitedFor() {
    Outcome.Builder outcome = Outcome.newBuilder().setAudit(Audit.AUDIT_PENDING);
    peer.course.add(completed().setOutcome(outcome).build());
    assertThat(peer.run("migration", "watch", ID).exitCode()).isEqualTo(ExitCode.DONE);
    peer.course.add(completed().setOutcome(outcome.setAudit(Audit.AUDIT_DIFFERENT)).build());

    Result result = peer.run("migration", "watch", ID);

    assertThat(result.exitCode()).isEqualTo(ExitCode.INTERNAL);
    assertThat(result.out()).contains("AT LEAST ONE PAGE DIFFERS");
  }

  @Test
  void aWaitThatTimesOutLeavesTheMigrationAlone() {
    peer.course.add(step(MigrationState.MIGRATION_STATE_TRANSFERRING).build());
    peer.watchStaysOpen = true;

    Result result = peer.run("migration", "watch", ID, "--timeout", "200ms");

    assertThat(result.exitCode()).isEqualTo(ExitCode.WAIT_TIMED_OUT);
    assertThat(result.err()).contains("timed out").contains("dcmctl migration watch " + ID);
  }

  @Test
  void aWatchThatBreaksOffIsNotAnEnd() {
    peer.course.add(step(MigrationState.MIGRATION_STATE_TRANSFERRING).build());

    Result result = peer.run("migration", "watch", ID);

    assertThat(result.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(result.err()).contains("the migration goes on");
  }

  @Test
  void aLastingDoubtEndsTheWatch() throws Exception {
    peer.course.add(doubt());
    peer.watchStaysOpen = true;

    CtlException failure = follow(Duration.ZERO, Optional.empty(), new StringWriter());

    assertThat(failure.exitCode()).isEqualTo(ExitCode.IN_DOUBT);
    assertThat(failure.sentence()).contains("host-b cannot be reached");
  }

  @Test
  void aTimeoutInDoubtIsADoubt() throws Exception {
    peer.course.add(doubt());
    peer.watchStaysOpen = true;

    CtlException failure =
        follow(Duration.ofMinutes(1), Optional.of(Duration.ofMillis(200)), new StringWriter());

    assertThat(failure.exitCode()).isEqualTo(ExitCode.IN_DOUBT);
  }

  @Test
  void onATerminalTheLineIsDrawnOver() throws Exception {
    peer.course.add(step(MigrationState.MIGRATION_STATE_TRANSFERRING).build());
    peer.course.add(doubt());
    StringWriter err = new StringWriter();

    follow(Duration.ZERO, Optional.empty(), err);

    assertThat(err.toString()).startsWith("\rtransferring").contains("\u001b[K\rin doubt");
    assertThat(err.toString()).endsWith("\n");
  }

  @Test
  void theForecastIsInTheLineAndInJson() {
    Migration good = forecast(Verdict.VERDICT_CONVERGING).build();
    assertThat(ProgressLine.of(good))
        .endsWith(
            " | dirty 95 MiB/s of 80 MiB/s | downtime 4200 ms of 300 ms | converging, ETA 12.0 s");
    peer.course.add(good);
    assertThat(peer.run("migration", "watch", ID, "-o", "json").out())
        .contains("\"verdict\":\"VERDICT_CONVERGING\"")
        .contains("\"expectedDowntimeMs\":\"4200\"");
  }

  @Test
  void whatIsWrongIsSaidOnceWithWhatCanBeDone() {
    Migration.Builder bad = forecast(Verdict.VERDICT_NOT_CONVERGING);
    bad.getProgressBuilder()
        .setRemainingMs(0)
        .getForecastBuilder()
        .setReason("cannot converge: the guest writes faster")
        .setSufficientDowntimeLimitMs(6500)
        .addAdvice(
            Advice.newBuilder()
                .setExplanation("let the guest stand still for 6500 ms")
                .setCommand("dcmctl migration set X --downtime-limit 6500"));
    peer.course.add(bad.build());
    peer.course.add(bad.build());
    peer.course.add(completed().build());

    assertThat(peer.run("migration", "watch", ID).err())
        .containsOnlyOnce(
            """
            NOT CONVERGING: cannot converge: the guest writes faster
              - let the guest stand still for 6500 ms
                  dcmctl migration set X --downtime-limit 6500
            """)
        .contains("| NOT CONVERGING, no ETA");
  }

  @Test
  void contributorsHaveTheirShare() {
    Progress.Builder progress =
        Progress.newBuilder()
            .setTotalPages(100)
            .setContributorBytesPerSecond(60 << 20)
            .addContributors(contributor("host-b", "relaying"));
    Migration one = step(MigrationState.MIGRATION_STATE_TRANSFERRING).setProgress(progress).build();
    Migration two =
        one.toBuilder()
            .setProgress(progress.addContributors(contributor("host-c", "lost")))
            .build();

    assertThat(ProgressLine.of(one)).contains("host-b 60 MiB/s (7 waiting)");
    assertThat(ProgressLine.of(two)).contains("host-b 60 MiB/s (7 waiting), host-c lost");
  }

  @Test
  void timeAfterRedirectIsToldOnceItIsKnown() {
    Outcome.Builder outcome = Outcome.newBuilder().setRedirects(1).setRedirectedAtFraction(0.53);
    Migration.Builder running = step(MigrationState.MIGRATION_STATE_TRANSFERRING);

    assertThat(Outcomes.summary(running.setOutcome(outcome).build()))
        .contains("1, the last with 53.0 % of the pages held somewhere")
        .doesNotContain("after redirect");
    assertThat(
            Outcomes.summary(
                running.setOutcome(outcome.setAfterRedirectNs(7_080_000_000L)).build()))
        .containsPattern("after redirect +7.1 s");
  }

  private int codeAfter(Migration.Builder last) {
    peer.course.clear();
    peer.course.add(last.build());
    return peer.run("migration", "watch", ID).exitCode();
  }

  private CtlException follow(Duration patience, Optional<Duration> timeout, StringWriter err)
      throws Exception {
    Environment environment =
        new Environment(
            Map.of("DCM_CONFIG", "/nonexistent/contexts.yaml"),
            new PrintWriter(new StringWriter()),
            new PrintWriter(err),
            true,
            settings -> peer.channel());
    Output output = new Output(environment.out(), Format.TABLE);
    try (Session session = Session.open(environment, new GlobalOptions())) {
      return Assertions.catchThrowableOfType(
          CtlException.class,
          () -> new MigrationWatch(environment, output, patience).follow(session, ID, timeout));
    }
  }

  private static Migration.Builder forecast(Verdict verdict) {
    return step(MigrationState.MIGRATION_STATE_TRANSFERRING)
        .setProgress(
            Progress.newBuilder()
                .setRemainingMs(12_000)
                .setDowntimeLimitMs(300)
                .setForecast(
                    Forecast.newBuilder()
                        .setVerdict(verdict)
                        .setBandwidthBytesPerSecond(80 << 20)
                        .setDirtyBytesPerSecond(95 << 20)
                        .setExpectedDowntimeMs(4200)));
  }

  private static Migration doubt() {
    return step(MigrationState.MIGRATION_STATE_IN_DOUBT)
        .setOwner("")
        .setExplanation("host-b cannot be reached")
        .build();
  }

  private static ContributorProgress contributor(String name, String state) {
    return ContributorProgress.newBuilder()
        .setName(name)
        .setState(state)
        .setWaitingPages(7)
        .build();
  }

  private static Migration.Builder step(MigrationState state) {
    return CommandsTest.migration(ID, "web-1", state).toBuilder();
  }

  private static Migration.Builder completed() {
    return step(MigrationState.MIGRATION_STATE_COMPLETED)
        .setDestination("host-c")
        .setOwner("host-c")
        .setOutcome(
            Outcome.newBuilder()
                .setDowntimeNs(182_000_000)
                .setFinalPagesNs(120_000_000)
                .setPrepareNs(40_000_000)
                .setCommitNs(22_000_000)
                .setTotalNs(41_200_000_000L)
                .setAudit(Audit.AUDIT_IDENTICAL));
  }
}
