package org.dcmigrate.peer.source;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.rate.Priority;

/** All migrations that leave this peer, or have left it since it was started. */
public final class Migrations {
  private static final int MOST_ENDED = 1000;

  private final SourceContext context;
  private final int limit;
  private final Map<MigrationId, SourceMigration> migrations = new LinkedHashMap<>();

  public Migrations(SourceContext context, int limit) {
    this.context = context;
    this.limit = limit;
  }

  /** Takes up what the journal knows, once the guests are known and before anything is served. */
  public synchronized void recover() throws DcmException {
    List<Journal.Entry<SourceRecord>> entries = context.journal().sources();
    context.journal().removeSources(forgettable(entries));
    for (Journal.Entry<SourceRecord> entry : entries) {
      if (end(entry).isPresent()) {
        continue;
      }
      Guest guest = guestOrLost(entry.guest().name());
      if (!(guest instanceof LostGuest)) {
        context.guests().reserve(guest.name(), entry.migration());
      }
      migrations.put(entry.migration(), SourceMigration.recover(entry, guest, context));
    }
  }

  /**
   * Ended migrations that nobody asks about: all but the last of a guest that has left with it,
   * from which a restart knows that it has.
   */
  static List<MigrationId> forgettable(List<Journal.Entry<SourceRecord>> entries) {
    Map<String, MigrationId> last =
        entries.stream()
            .collect(
                Collectors.toMap(
                    entry -> entry.guest().name(),
                    Journal.Entry::migration,
                    (earlier, later) -> later));
    return entries.stream()
        .filter(entry -> end(entry).isPresent())
        .filter(
            entry ->
                !(end(entry).get() instanceof SourceState.Result.Completed
                    && entry.migration().equals(last.get(entry.guest().name()))))
        .map(Journal.Entry::migration)
        .toList();
  }

  private static Optional<SourceState.Result> end(Journal.Entry<SourceRecord> entry) {
    return entry.records().stream()
        .filter(SourceRecord.Ended.class::isInstance)
        .map(record -> ((SourceRecord.Ended) record).result())
        .findFirst();
  }

  private Guest guestOrLost(String name) {
    try {
      return context.guests().get(name);
    } catch (DcmException unknown) {
      return new LostGuest(name);
    }
  }

  /**
   * Begins to move a guest.
   *
   * @throws DcmException with the reason why not; then nothing was changed
   */
  public MigrationView migrate(
      String guestName, String destination, SourceMigration.Options options) throws DcmException {
    Peers.Peer to = context.peers().byName(destination);
    if (to.equals(context.peers().self())) {
      throw new DcmException(
          Reason.DESTINATION_IS_SOURCE,
          "the guest runs at " + to.name() + " already; name another peer");
    }
    Guest guest = context.guests().get(guestName);
    MigrationId migration = new MigrationId(UUID.randomUUID());
    checkLimit();
    context.guests().reserve(guestName, migration);
    try {
      SourceMigration started = SourceMigration.start(migration, guest, to.id(), options, context);
      synchronized (this) {
        migrations.put(migration, started);
        dropOldest();
      }
      return started.view();
    } catch (DcmException | RuntimeException failed) {
      context.guests().free(guestName, migration);
      throw failed;
    }
  }

  private synchronized void checkLimit() throws DcmException {
    if (activeCount() >= limit) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "%d migrations leave this peer, as many as limits.migrations allows; retry later"
              .formatted(activeCount()));
    }
  }

  private void dropOldest() {
    List<MigrationId> ended =
        migrations.values().stream()
            .filter(SourceMigration::ended)
            .map(SourceMigration::migration)
            .toList();
    ended.stream().limit(Math.max(0, ended.size() - MOST_ENDED)).forEach(migrations::remove);
  }

  /** Changes the destination; returns when the new one has accepted. */
  public MigrationView redirect(MigrationId migration, String destination) throws DcmException {
    SourceMigration found = get(migration);
    Peers.Peer to = context.peers().byName(destination);
    await(found.redirect(to.id()));
    return found.view();
  }

  /** Cancels; returns when the migration has ended. */
  public MigrationView cancel(MigrationId migration) throws DcmException {
    SourceMigration found = get(migration);
    await(found.cancel());
    return found.view();
  }

  /**
   * Sets how long the guest of a running migration may stand still.
   *
   * @throws DcmException MIGRATION_UNKNOWN, TOO_LATE or MIGRATION_FINISHED
   */
  public MigrationView limitDowntime(MigrationId migration, Duration limit) throws DcmException {
    SourceMigration found = get(migration);
    found.limitDowntime(limit);
    return found.view();
  }

  /** Decides in the place of peers that cannot; returns when that is accepted. */
  public MigrationView resolve(MigrationId migration, Choice choice) throws DcmException {
    SourceMigration found = get(migration);
    await(found.resolve(choice));
    return found.view();
  }

  /**
   * Changes limit and priority of a migration; what is empty stays as it is.
   *
   * @throws DcmException MIGRATION_UNKNOWN, MIGRATION_FINISHED
   */
  public void limit(
      MigrationId migration, Optional<Long> mostBytesPerSecond, Optional<Priority> priority)
      throws DcmException {
    get(migration).limit(mostBytesPerSecond, priority);
  }

  /** Whether this peer is or was the source of a migration. */
  public synchronized boolean has(MigrationId migration) {
    return migrations.containsKey(migration);
  }

  private static void await(CompletableFuture<Optional<Failure>> answer) throws DcmException {
    Optional<Failure> failure = answer.join();
    if (failure.isPresent()) {
      throw failure.get().exception();
    }
  }

  /**
   * One migration.
   *
   * @throws DcmException MIGRATION_UNKNOWN
   */
  public synchronized SourceMigration get(MigrationId migration) throws DcmException {
    Optional<SourceMigration> found = Optional.ofNullable(migrations.get(migration));
    if (found.isEmpty()) {
      throw new DcmException(
          Reason.MIGRATION_UNKNOWN,
          "this peer is not the source of a migration %s; ask the guest's source"
              .formatted(migration));
    }
    return found.get();
  }

  /** All migrations, the newest first. */
  public synchronized List<MigrationView> all() {
    List<MigrationView> views = new ArrayList<>();
    migrations.values().forEach(migration -> views.add(migration.view()));
    views.sort(Comparator.comparing(MigrationView::startedAt).reversed());
    return views;
  }

  /** Number of migrations under way. */
  public synchronized int activeCount() {
    return (int) migrations.values().stream().filter(migration -> !migration.ended()).count();
  }

  /** Cancels what can be cancelled, for a peer that stops. What has begun to commit goes on. */
  public void stop(Duration patience) {
    List<CompletableFuture<Optional<Failure>>> ends = new ArrayList<>();
    synchronized (this) {
      migrations.values().stream()
          .filter(migration -> !migration.ended())
          .forEach(migration -> ends.add(migration.cancel()));
    }
    CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
        .completeOnTimeout(null, patience.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS)
        .join();
  }
}
