package org.dcmigrate.bench;

import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.CreateGuestRequest;
import org.dcmigrate.v1.DeleteGuestRequest;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.ListMigrationsRequest;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.WritePattern;

/** Makes guests and moves them, by the calls that an operator makes. */
final class Operator {
  private static final long ANSWER_SECONDS = 120;

  /** For a migration to end: generous, as it is there for what hangs. */
  static final Duration PATIENCE = Duration.ofMinutes(10);

  private final Fleet fleet;
  private final String source;

  /**
   * An operator of the guests of one peer.
   *
   * @param source the peer that guests leave
   */
  Operator(Fleet fleet, String source) {
    this.fleet = fleet;
    this.source = source;
  }

  /** Makes a guest at the source. */
  void create(String guest, SyntheticGuest spec) throws BenchException {
    CreateGuestRequest request =
        CreateGuestRequest.newBuilder()
            .setName(guest)
            .setMemoryBytes(spec.memoryBytes())
            .setWritesPerSecond(spec.writesPerSecond())
            .setPattern(
                spec.hotSet()
                    ? WritePattern.WRITE_PATTERN_HOT_SET
                    : WritePattern.WRITE_PATTERN_UNIFORM)
            .setSeed(spec.seed())
            .setZeroPercent(spec.zeroPercent())
            .build();
    var _ =
        ask(
            () ->
                fleet
                    .peer(source)
                    .peers()
                    .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .createGuest(request));
  }

  /** Ends a guest, wherever it is. */
  void delete(String guest, String at) throws BenchException {
    var _ =
        ask(
            () ->
                fleet
                    .peer(at)
                    .peers()
                    .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .deleteGuest(DeleteGuestRequest.newBuilder().setName(guest).build()));
  }

  /** Starts a migration; gives its id. */
  String migrate(String guest, String to) throws BenchException {
    return ask(() ->
            fleet
                .peer(source)
                .migrations()
                .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                .migrate(MigrateRequest.newBuilder().setGuest(guest).setDestination(to).build()))
        .getMigration()
        .getMigrationId();
  }

  /** Redirects; gives the migration as it is right after the turn. */
  Migration redirect(String migration, String to) throws BenchException {
    return ask(() ->
            fleet
                .peer(source)
                .migrations()
                .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                .redirect(
                    RedirectRequest.newBuilder()
                        .setMigrationId(migration)
                        .setDestination(to)
                        .build()))
        .getMigration();
  }

  /** Cancels; the guest runs on at the source. */
  void cancel(String migration) throws BenchException {
    var _ =
        ask(
            () ->
                fleet
                    .peer(source)
                    .migrations()
                    .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .cancelMigration(
                        CancelMigrationRequest.newBuilder().setMigrationId(migration).build()));
  }

  /** A migration as it is now. */
  Migration look(String migration) throws BenchException {
    return ask(() ->
            fleet
                .peer(source)
                .migrations()
                .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                .getMigration(GetMigrationRequest.newBuilder().setMigrationId(migration).build()))
        .getMigration();
  }

  /** All migrations that left the source, by id. */
  Map<String, Migration> all() throws BenchException {
    return ask(
            () ->
                fleet
                    .peer(source)
                    .migrations()
                    .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .listMigrations(ListMigrationsRequest.getDefaultInstance()))
        .getMigrationsList()
        .stream()
        .collect(Collectors.toMap(Migration::getMigrationId, each -> each));
  }

  /** Waits until the destination holds a part of the pages, and looks at it meanwhile. */
  void awaitHeld(String migration, double fraction, Predicate<Migration> watcher)
      throws BenchException {
    Await.until(
        "%.0f %% of the pages are held".formatted(100 * fraction),
        PATIENCE,
        () -> {
          Migration now = look(migration);
          var _ = watcher.test(now);
          if (now.getState() != MigrationState.MIGRATION_STATE_OPENING
              && now.getState() != MigrationState.MIGRATION_STATE_TRANSFERRING) {
            throw new BenchException(
                "the migration went on to %s before the destination held %.0f %%: %s"
                    .formatted(now.getState(), 100 * fraction, now.getExplanation()));
          }
          return held(now) >= fraction;
        });
  }

  /** Part of the pages that the destination holds, of 0 to 1. */
  static double held(Migration migration) {
    return (double) migration.getProgress().getHeldPages()
        / Math.max(1, migration.getProgress().getTotalPages());
  }

  /** Waits for the end, which has to be that the guest runs at the destination. */
  Migration awaitCompleted(String migration) throws BenchException {
    AtomicReference<Migration> last = new AtomicReference<>(Migration.getDefaultInstance());
    try {
      Await.until(
          "the migration has ended",
          PATIENCE,
          () -> {
            last.set(look(migration));
            return last.get().hasEndedAt();
          });
    } catch (BenchException hangs) {
      throw new BenchException(hangs.sentence() + ": " + last.get().getExplanation(), hangs);
    }
    if (last.get().getState() != MigrationState.MIGRATION_STATE_COMPLETED) {
      throw new BenchException("the migration did not complete: " + last.get().getExplanation());
    }
    return last.get();
  }

  private static <T> T ask(Supplier<T> call) throws BenchException {
    try {
      return call.get();
    } catch (StatusRuntimeException refused) {
      throw new BenchException(Errors.fromStatus(refused).sentence(), refused);
    }
  }
}
