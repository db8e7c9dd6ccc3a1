package org.dcmigrate.ctl.demo;

import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.dcmigrate.v1.CancelMigrationRequest;
import org.dcmigrate.v1.GetMigrationRequest;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationOptions;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.RedirectRequest;

/** Moves one guest of the demonstration, by the calls that an operator makes. */
final class DemoMigration {
  private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long PATIENCE_NS = TimeUnit.MINUTES.toNanos(10);
  private static final double HALF = 0.5;

  private final List<DemoPeer> peers;
  private final String guest;
  private final Consumer<Migration> watcher;
  private boolean ranTwice;

  DemoMigration(List<DemoPeer> peers, String guest, Consumer<Migration> watcher) {
    this.peers = peers;
    this.guest = guest;
    this.watcher = watcher;
  }

  /** Whether two peers were ever seen to run the guest. */
  boolean ranTwice() {
    return ranTwice;
  }

  /** Migrates to the first destination and redirects, each time at half, to the next ones. */
  Migration redirected(int redirects) throws DemoException {
    String id = migrate(peers.get(1).name());
    for (int i = 0; i < redirects; i++) {
      awaitHalf(id);
      String to = peers.get(2 + i).name();
      source()
          .migrations()
          .withDeadlineAfter(60, TimeUnit.SECONDS)
          .redirect(RedirectRequest.newBuilder().setMigrationId(id).setDestination(to).build());
    }
    return awaitEnd(id);
  }

  /** Migrates to the first destination, cancels at half, and starts again to the last one. */
  long cancelAndRestartMs() throws DemoException {
    String first = migrate(peers.get(1).name());
    awaitHalf(first);
    long startedNs = System.nanoTime();
    source()
        .migrations()
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .cancelMigration(CancelMigrationRequest.newBuilder().setMigrationId(first).build());
    long cancelledNs = System.nanoTime() - startedNs;
    Migration end = awaitEnd(migrate(peers.getLast().name()));
    if (end.getState() != MigrationState.MIGRATION_STATE_COMPLETED) {
      throw new DemoException("cancel and restart failed: " + end.getExplanation());
    }
    return TimeUnit.NANOSECONDS.toMillis(cancelledNs + end.getOutcome().getTotalNs());
  }

  private String migrate(String to) {
    return source()
        .migrations()
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .migrate(
            MigrateRequest.newBuilder()
                .setGuest(guest)
                .setDestination(to)
                .setOptions(MigrationOptions.newBuilder().setAudit(true))
                .build())
        .getMigration()
        .getMigrationId();
  }

  private void awaitHalf(String id) throws DemoException {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (true) {
      Migration now = look(id);
      double held =
          (double) now.getProgress().getHeldPages()
              / Math.max(1, now.getProgress().getTotalPages());
      if (now.getState() == MigrationState.MIGRATION_STATE_TRANSFERRING && held >= HALF) {
        return;
      }
      if (now.hasEndedAt() || System.nanoTime() > deadlineNs) {
        throw new DemoException("the migration did not get to its half: " + now.getExplanation());
      }
      LockSupport.parkNanos(POLL_NS);
    }
  }

  private Migration awaitEnd(String id) throws DemoException {
    long deadlineNs = System.nanoTime() + PATIENCE_NS;
    while (true) {
      lookForTwoOwners();
      Migration now = look(id);
      if (now.hasEndedAt()) {
        return now;
      }
      if (System.nanoTime() > deadlineNs) {
        throw new DemoException("the migration did not end: " + now.getExplanation());
      }
      LockSupport.parkNanos(POLL_NS);
    }
  }

  private Migration look(String id) {
    Migration now =
        source()
            .migrations()
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .getMigration(GetMigrationRequest.newBuilder().setMigrationId(id).build())
            .getMigration();
    watcher.accept(now);
    return now;
  }

  /**
   * Asks the destinations before the source: one that runs the guest runs it for good, so that a
   * source that runs it afterwards is a second one.
   */
  private void lookForTwoOwners() {
    long running = 0;
    for (DemoPeer peer : peers.reversed()) {
      try {
        running +=
            peer
                .peers()
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .listGuests(ListGuestsRequest.getDefaultInstance())
                .getGuestsList()
                .stream()
                .filter(each -> each.getName().equals(guest))
                .filter(each -> each.getState() == GuestState.GUEST_STATE_RUNNING)
                .count();
      } catch (StatusRuntimeException unanswered) {
        // Counted at the next look.
      }
    }
    ranTwice |= running > 1;
  }

  private DemoPeer source() {
    return peers.getFirst();
  }
}
