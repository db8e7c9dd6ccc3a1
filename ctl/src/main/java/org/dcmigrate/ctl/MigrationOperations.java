package org.dcmigrate.ctl;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.ListMigrationsRequest;
import org.dcmigrate.v1.ListMigrationsResponse;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationOptions;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.ResolveMigrationRequest;
import org.dcmigrate.v1.ResolveMigrationResponse;
import org.dcmigrate.v1.SetDowntimeLimitRequest;
import org.dcmigrate.v1.TransferShare;

/** What {@code dcmctl migrate}, {@code redirect} and {@code migration} do. */
final class MigrationOperations {
  private static final int MAX_DOWNTIME_MS = 60_000;

  private MigrationOperations() {}

  static int migrate(
      Environment environment,
      GlobalOptions options,
      Output output,
      WatchOptions watch,
      MigrateCommand.Plan plan)
      throws CtlException {
    if (plan.downtimeLimitMs() < 0 || plan.downtimeLimitMs() > MAX_DOWNTIME_MS) {
      throw CtlException.usage("--downtime-limit must be 1 to 60000 milliseconds");
    }
    // Read before anything is started: a mistake in it must not leave a migration behind.
    Optional<Duration> timeout = watch.duration();
    MigrateRequest request =
        MigrateRequest.newBuilder()
            .setGuest(plan.guest())
            .setDestination(plan.destination())
            .setOptions(
                MigrationOptions.newBuilder()
                    .setDowntimeLimitMs(plan.downtimeLimitMs())
                    .setAudit(plan.audit())
                    .setWitness(plan.witness())
                    .setShare(
                        TransferShare.newBuilder()
                            .setMostBytesPerSecond(Units.parseRate(plan.limit()))
                            .setPriority(plan.priority().message())))
            .build();
    try (Session session = Session.open(environment, options)) {
      Migration started = Session.change(() -> session.changes().migrate(request)).getMigration();
      return watch.watch
          ? follow(environment, session, output, started.getMigrationId(), timeout)
          : started(output, started, "migrates to " + started.getDestination());
    }
  }

  static int redirect(
      Environment environment,
      GlobalOptions options,
      Output output,
      WatchOptions watch,
      String meant,
      String destination)
      throws CtlException {
    Optional<Duration> timeout = watch.duration();
    try (Session session = Session.open(environment, options)) {
      RedirectRequest request =
          RedirectRequest.newBuilder()
              .setMigrationId(MigrationLookup.id(session, meant))
              .setDestination(destination)
              .build();
      Migration redirected =
          Session.change(() -> session.changes().redirect(request)).getMigration();
      return watch.watch
          ? follow(environment, session, output, redirected.getMigrationId(), timeout)
          : started(output, redirected, "is redirected to " + redirected.getDestination());
    }
  }

  static int list(Environment environment, GlobalOptions options, Output output)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      ListMigrationsResponse all =
          Session.ask(
              () ->
                  session.migrations().listMigrations(ListMigrationsRequest.getDefaultInstance()));
      Table table = Table.withHeader(MigrationTexts.header(output.isWide()));
      long nowMs = System.currentTimeMillis();
      all.getMigrationsList()
          .forEach(each -> table.row(MigrationTexts.row(each, output.isWide(), nowMs)));
      output.print(
          all, table, all.getMigrationsList().stream().map(Migration::getMigrationId).toList());
      return ExitCode.DONE;
    }
  }

  static int show(Environment environment, GlobalOptions options, Output output, String meant)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      GetMigrationRequest request =
          GetMigrationRequest.newBuilder()
              .setMigrationId(MigrationLookup.id(session, meant))
              .build();
      Migration migration =
          Session.ask(() -> session.migrations().getMigration(request)).getMigration();
      switch (output.format()) {
        case TABLE, WIDE -> {
          if (!MigrationLookup.hasEnded(migration)) {
            output.line(Table.harmless(ProgressLine.of(migration)));
            Statement.of(migration).lines().forEach(line -> output.line(Table.harmless(line)));
          }
          output.line(Outcomes.summary(migration).stripTrailing());
        }
        case JSON, YAML, NAME ->
            output.print(migration, Table.ofFacts(), List.of(migration.getMigrationId()));
      }
      return ExitCode.DONE;
    }
  }

  static int watch(
      Environment environment, GlobalOptions options, Output output, String meant, String timeout)
      throws CtlException {
    Optional<Duration> limit =
        timeout.isEmpty() ? Optional.empty() : Optional.of(Units.parseTime(timeout));
    try (Session session = Session.open(environment, options)) {
      return follow(environment, session, output, MigrationLookup.id(session, meant), limit);
    }
  }

  static int set(
      Environment environment,
      GlobalOptions options,
      Output output,
      String meant,
      int downtimeLimitMs)
      throws CtlException {
    if (downtimeLimitMs < 1 || downtimeLimitMs > MAX_DOWNTIME_MS) {
      throw CtlException.usage("--downtime-limit must be 1 to 60000 milliseconds");
    }
    try (Session session = Session.open(environment, options)) {
      SetDowntimeLimitRequest request =
          SetDowntimeLimitRequest.newBuilder()
              .setMigrationId(MigrationLookup.id(session, meant))
              .setDowntimeLimitMs(downtimeLimitMs)
              .build();
      Migration changed =
          Session.change(() -> session.changes().setDowntimeLimit(request)).getMigration();
      return started(output, changed, "may stand still for %d ms".formatted(downtimeLimitMs));
    }
  }

  static int cancel(Environment environment, GlobalOptions options, Output output, String meant)
      throws CtlException {
    try (Session session = Session.open(environment, options)) {
      CancelMigrationRequest request =
          CancelMigrationRequest.newBuilder()
              .setMigrationId(MigrationLookup.id(session, meant))
              .build();
      Migration cancelled =
          Session.change(() -> session.changes().cancelMigration(request)).getMigration();
      return started(output, cancelled, "is cancelled; it runs at " + cancelled.getOwner());
    }
  }

  static int resolve(
      Environment environment,
      GlobalOptions options,
      Output output,
      String meant,
      Choice owner,
      boolean fenced)
      throws CtlException {
    if (!fenced) {
      throw CtlException.usage(
          "nothing was done: make sure first that the other side does not run the guest and never"
              + " will (power that host off, or destroy its copy), then say so with"
              + " --other-side-is-fenced");
    }
    try (Session session = Session.open(environment, options)) {
      ResolveMigrationRequest request =
          ResolveMigrationRequest.newBuilder()
              .setMigrationId(MigrationLookup.id(session, meant))
              .setOwner(owner)
              .setOtherSideIsFenced(true)
              .build();
      ResolveMigrationResponse resolved =
          Session.change(() -> session.changes().resolveMigration(request));
      switch (output.format()) {
        case TABLE, WIDE -> output.line(Table.harmless(resolved.getExplanation()));
        case JSON, YAML, NAME ->
            output.print(resolved, Table.ofFacts(), List.of(request.getMigrationId()));
      }
      return ExitCode.DONE;
    }
  }

  private static int follow(
      Environment environment,
      Session session,
      Output output,
      String id,
      Optional<Duration> timeout)
      throws CtlException {
    return new MigrationWatch(environment, output, MigrationWatch.DOUBT_PATIENCE)
        .follow(session, id, timeout);
  }

  private static int started(Output output, Migration migration, String what) {
    switch (output.format()) {
      case TABLE, WIDE ->
          output.line(
              Table.harmless(
                  "guest %s %s, migration %s"
                      .formatted(migration.getGuest(), what, migration.getMigrationId())));
      case JSON, YAML, NAME ->
          output.print(migration, Table.ofFacts(), List.of(migration.getMigrationId()));
    }
    return ExitCode.DONE;
  }
}
