package org.dcmigrate.ctl;

import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import org.dcmigrate.v1.Audit;
import org.dcmigrate.v1.Forecast;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.WatchMigrationRequest;
import org.dcmigrate.v1.WatchMigrationResponse;

/**
 * Follows one migration to its end: progress on standard error, the result on standard output. It
 * only looks: whatever ends the watch, the migration goes on.
 */
final class MigrationWatch {
  /** How long a doubt may last before the command ends with it: it may take for ever. */
  static final Duration DOUBT_PATIENCE = Duration.ofSeconds(30);

  private static final int ANIMATED_INTERVAL_MS = 200;
  private static final int PLAIN_INTERVAL_MS = 2000;

  private final Environment environment;
  private final Output output;
  private final Duration doubtPatience;
  private Optional<Long> doubtSinceNs = Optional.empty();
  private String drawn = "";
  private String stated = "";

  MigrationWatch(Environment environment, Output output, Duration doubtPatience) {
    this.environment = environment;
    this.output = output;
    this.doubtPatience = doubtPatience;
  }

  /**
   * Follows a migration.
   *
   * @param timeout after which to stop; empty: never
   * @return one of {@link ExitCode}
   */
  int follow(Session session, String id, Optional<Duration> timeout) throws CtlException {
    String goesOn = "the migration goes on, see: dcmctl migration watch " + id;
    // The JVM itself ends with 130 after Ctrl-C.
    Thread detached =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  endLine();
                  say("dcmctl: detached; " + goesOn);
                });
    Runtime.getRuntime().addShutdownHook(detached);
    try {
      return follow(messages(session, id, timeout), goesOn);
    } catch (StatusRuntimeException failure) {
      endLine();
      if (Session.isOwnDeadline(failure)) {
        boolean doubt = doubtSinceNs.isPresent();
        throw new CtlException(
            doubt ? ExitCode.IN_DOUBT : ExitCode.WAIT_TIMED_OUT,
            (doubt ? "ownership is in doubt: " : "the wait timed out: ") + goesOn,
            failure);
      }
      throw failure;
    } finally {
      endLine();
      forget(detached);
    }
  }

  private Iterator<WatchMigrationResponse> messages(
      Session session, String id, Optional<Duration> timeout) {
    MigrationServiceBlockingStub stub = session.streams();
    if (timeout.isPresent()) {
      stub = stub.withDeadlineAfter(timeout.get());
    }
    return stub.watchMigration(
        WatchMigrationRequest.newBuilder()
            .setMigrationId(id)
            .setIntervalMs(environment.animated() ? ANIMATED_INTERVAL_MS : PLAIN_INTERVAL_MS)
            .build());
  }

  private int follow(Iterator<WatchMigrationResponse> messages, String goesOn) throws CtlException {
    Optional<Migration> last = Optional.empty();
    while (messages.hasNext()) {
      Migration now = messages.next().getMigration();
      last = Optional.of(now);
      // The audit comes after the end, and may turn success into failure.
      if (MigrationLookup.hasEnded(now) && now.getOutcome().getAudit() != Audit.AUDIT_PENDING) {
        return end(now);
      }
      show(now);
      if (isInDoubtForLong(now)) {
        endLine();
        throw new CtlException(
            ExitCode.IN_DOUBT,
            "ownership of guest %s is in doubt: %s; %s"
                .formatted(now.getGuest(), now.getExplanation(), goesOn));
      }
    }
    if (last.isPresent() && MigrationLookup.hasEnded(last.get())) {
      return end(last.get());
    }
    throw new CtlException(
        ExitCode.UNREACHABLE, "the peer ended the watch before the migration ended; " + goesOn);
  }

  private int end(Migration migration) {
    endLine();
    switch (output.format()) {
      case TABLE, WIDE -> output.line(Outcomes.summary(migration).stripTrailing());
      case NAME -> output.line(migration.getMigrationId());
      case JSON, YAML -> output.printStep(migration);
    }
    int code = Outcomes.exitCode(migration);
    if (code != ExitCode.DONE) {
      say("dcmctl: " + Outcomes.complaint(migration));
    }
    return code;
  }

  private boolean isInDoubtForLong(Migration now) {
    if (now.getState() != MigrationState.MIGRATION_STATE_IN_DOUBT
        && now.getState() != MigrationState.MIGRATION_STATE_COMMITTED) {
      doubtSinceNs = Optional.empty();
      return false;
    }
    long nowNs = System.nanoTime();
    long sinceNs = doubtSinceNs.orElse(nowNs);
    doubtSinceNs = Optional.of(sinceNs);
    return nowNs - sinceNs >= doubtPatience.toNanos();
  }

  private void show(Migration now) {
    if (output.isStructured()) {
      output.printStep(now);
      return;
    }
    state(now);
    String line = Table.harmless(ProgressLine.of(now));
    if (environment.animated()) {
      // Shorter than the line before: the rest of that is cleared.
      environment.err().print("\r" + line + "\u001b[K");
      environment.err().flush();
      drawn = line;
    } else if (!line.equals(drawn)) {
      say(line);
      drawn = line;
    }
  }

  /** Says what is wrong once, when it begins, and again when the advice or the peer is another. */
  private void state(Migration now) {
    Forecast forecast = now.getProgress().getForecast();
    String id =
        forecast.getReason().isEmpty()
            ? ""
            : forecast.getVerdict()
                + forecast.getStalledPeer()
                + forecast.getSufficientDowntimeLimitMs();
    if (!id.isEmpty() && !id.equals(stated)) {
      endLine();
      Statement.of(now).lines().forEach(this::say);
    }
    stated = id;
  }

  private void endLine() {
    if (environment.animated() && !drawn.isEmpty()) {
      environment.err().println();
      environment.err().flush();
      drawn = "";
    }
  }

  private void say(String line) {
    PrintWriter err = environment.err();
    err.println(line);
    err.flush();
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // Interrupted: the hook has its say.
    }
  }
}
