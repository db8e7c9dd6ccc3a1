package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ATTEMPT_DISCARDED;
import static org.dcmigrate.protocol.Reason.MIGRATION_UNKNOWN;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/** Leases of the shortest kind: one second. */
public final class LeaseCases {
  private static final int LEASE_MS = 1000;
  private static final long LEASE_NS = TimeUnit.MILLISECONDS.toNanos(LEASE_MS);
  private static final int MOST_TRIES = 5;
  private static final Duration LONG = Duration.ofMillis(5 * LEASE_MS / 2);
  private static final int MOST_CHUNKS = 100_000;

  private LeaseCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(
        Case.of(
            "lease/destination/ends",
            "a migration that nobody asks for is discarded when its lease ends, whatever pages"
                + " come",
            "DCM-LSE-003 DCM-LSE-002 DCM-XFR-018",
            LeaseCases::ends));
    cases.add(
        Case.of(
            "lease/destination/renewed",
            "calls renew the lease",
            "DCM-LSE-002",
            LeaseCases::renewed));
    cases.add(
        Case.committing(
            "lease/destination/granted",
            "a destination that has taken the grant keeps the guest beyond the lease",
            "DCM-LSE-003 DCM-DEC-011",
            LeaseCases::granted));
    return cases;
  }

  private static TestMigration leased(Trial trial) {
    TestMigration migration = trial.migration();
    trial.given(
        "an Open with a short lease is accepted",
        () ->
            Expect.one(
                "Open", migration.open(migration.openRequest().setLeaseMs(LEASE_MS).build())));
    trial.given("metadata are accepted", migration::described);
    return migration;
  }

  private static void ends(Trial trial) {
    TestMigration migration = leased(trial);
    long startNs = System.nanoTime();
    Conversation<TransferRequest, TransferResponse> pages =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    pages.send(migration.transferOpen(migration.epoch()));
    Optional<TransferResponse> last = Optional.of(TransferResponse.getDefaultInstance());
    Duration patience = LONG.plus(trial.target().timeout());
    for (int i = 0; i < MOST_CHUNKS && last.isPresent(); i++) {
      Expect.that(
          "end of the lease",
          System.nanoTime() - startNs < patience.toNanos(),
          "within " + patience,
          "pages are still taken");
      pages.send(TestMigration.message(Chunks.page(i % 100, i + 1, i)));
      last = pages.next();
    }
    Expect.refused("the transfer", pages.ending(), ATTEMPT_DISCARDED);
    Expect.refused("GetDestinationStatus", migration.status(), MIGRATION_UNKNOWN);
    long tookMs = (System.nanoTime() - startNs) / 1_000_000;
    Expect.that("time until then", tookMs >= LEASE_MS - 200, "a lease", tookMs + " ms");
  }

  private static void renewed(Trial trial) {
    int tries = 1;
    while (!renewedInTime(trial)) {
      tries++;
      int next = tries;
      trial.given(
          "the tester asks within the lease",
          () -> Expect.that("a busy machine", next <= MOST_TRIES, "time between calls", "a lease"));
    }
  }

  /** Says nothing where the tester itself came too late with a call: then, false. */
  private static boolean renewedInTime(Trial trial) {
    TestMigration migration = leased(trial);
    long startNs = System.nanoTime();
    long renewedNs = startNs;
    while (System.nanoTime() - startNs < LONG.toNanos()) {
      long askedNs = System.nanoTime();
      Answer<GetDestinationStatusResponse> status = migration.status();
      if (System.nanoTime() - renewedNs >= LEASE_NS) {
        return false;
      }
      renewedNs = askedNs;
      Expect.equal(
          "state",
          DestinationState.DESTINATION_STATE_RECEIVING,
          Expect.one("GetDestinationStatus", status).getState());
    }
    migration.stored(Chunks.page(3, 5, 1));
    return true;
  }

  private static void granted(Trial trial) {
    TestMigration migration = leased(trial);
    trial.given("all pages are stored", () -> migration.filled(1));
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    trial.votes().holdBack(migration.attempt());
    migration.committed();
    stream.commit(migration.memory().digest());
    long startNs = System.nanoTime();
    Expect.eventually(
        "two leases and a half go by",
        LONG.multipliedBy(4),
        () -> System.nanoTime() - startNs > LONG.toNanos());
    SwitchoverCases.state(migration, "DECIDING");
    trial.votes().letGo(migration.attempt());
    stream.running().end();
    SwitchoverCases.state(migration, "OWNED");
  }
}
