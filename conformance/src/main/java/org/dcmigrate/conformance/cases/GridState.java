package org.dcmigrate.conformance.cases;

import io.grpc.Status;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Contribution;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.TransferShare;

/** The states of the table that a tester can bring a holder to, and hold it in. */
enum GridState {
  OPENED("Opened", false),
  RECEIVING("Receiving", false),
  PREPARED("Prepared", false),
  DECIDING("Deciding", true),
  OWNED("Owned, running", true),
  DETACHED("Detached", false),
  RELAYING("Relaying", false),
  DRAINED("Drained", false),
  RELAY_FAILED("RelayFailed", false),
  FORGOTTEN("Forgotten", false);

  private static final int EPOCH = 5;

  private final String title;
  private final boolean commits;

  GridState(String title, boolean commits) {
    this.title = title;
    this.commits = commits;
  }

  /**
   * A holder in its state.
   *
   * @param contributes whether it is asked as a contributor
   * @param as makes sure that it is in that state, and still works
   */
  record Reached(TestMigration migration, boolean contributes, Runnable as) {}

  static Optional<GridState> named(String title) {
    return Arrays.stream(values()).filter(each -> each.title.equals(title)).findFirst();
  }

  /** Whether the target is given a guest. */
  boolean commits() {
    return commits;
  }

  /** Brings the target to the state. */
  Reached reach(Trial trial, List<PeerId> contributors) {
    return switch (this) {
      case DETACHED, RELAYING, DRAINED, RELAY_FAILED -> contributor(trial);
      case OPENED, RECEIVING, PREPARED, DECIDING, OWNED, FORGOTTEN ->
          destination(trial, contributors);
    };
  }

  private Reached destination(Trial trial, List<PeerId> contributors) {
    TestMigration migration = trial.migration().epoch(EPOCH);
    trial.given(
        "Open is accepted",
        () ->
            Expect.one(
                "Open",
                migration.open(
                    migration
                        .openRequest()
                        .addAllContributors(
                            contributors.stream()
                                .map(each -> PeerRef.newBuilder().setIdentity(each.uri()).build())
                                .toList())
                        .build())));
    return switch (this) {
      case OPENED ->
          reached(
              migration,
              () -> {
                SwitchoverCases.state(migration, "OPENED");
                migration.described();
              });
      case RECEIVING -> {
        trial.given("metadata are accepted", migration::described);
        trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 5, 1)));
        yield reached(
            migration,
            () -> {
              SwitchoverCases.state(migration, "RECEIVING");
              migration.holdsWhatWasStored();
            });
      }
      case PREPARED -> {
        prepared(trial, migration);
        yield reached(migration, () -> SwitchoverCases.state(migration, "PREPARED"));
      }
      case DECIDING -> {
        trial.votes().holdBack(migration.attempt());
        granted(trial, migration);
        trial.given(
            "the target asks for a vote",
            () ->
                Expect.eventually(
                    "a question",
                    trial.target().timeout(),
                    () -> trial.votes().asked(migration.attempt(EPOCH))));
        yield reached(
            migration,
            () -> {
              SwitchoverCases.state(migration, "DECIDING");
              trial.votes().letGo(migration.attempt());
              running(trial, migration);
            });
      }
      case OWNED -> {
        Switchover stream = granted(trial, migration);
        trial.given("the target runs the guest", () -> stream.running().end());
        yield reached(
            migration,
            () -> {
              SwitchoverCases.state(migration, "OWNED");
              running(trial, migration);
            });
      }
      case FORGOTTEN -> {
        trial.given("Abort is accepted", () -> Expect.one("Abort", migration.abort()));
        yield reached(migration, migration::unknown);
      }
      case DETACHED, RELAYING, DRAINED, RELAY_FAILED -> throw new IllegalStateException(title);
    };
  }

  private static Reached reached(TestMigration migration, Runnable as) {
    return new Reached(migration, false, as);
  }

  private static void prepared(Trial trial, TestMigration migration) {
    trial.given("metadata are accepted", migration::described);
    trial.given("all pages are stored", () -> migration.filled(1));
    trial.given(
        "Prepare is answered", () -> Switchover.begin(trial, migration).prepare().prepared().end());
  }

  private static Switchover granted(Trial trial, TestMigration migration) {
    prepared(trial, migration);
    migration.committed();
    return Switchover.begin(trial, migration).commit(migration.memory().digest());
  }

  private static void running(Trial trial, TestMigration migration) {
    Switchover.begin(trial, migration).commit(migration.memory().digest()).running().end();
  }

  private Reached contributor(Trial trial) {
    Contribution held =
        this == RELAYING ? Contribution.relaying(trial) : Contribution.detached(trial);
    TransferShare noLimit = TransferShare.getDefaultInstance();
    ContributorState state =
        switch (this) {
          case RELAYING -> ContributorState.CONTRIBUTOR_STATE_RELAYING;
          case DRAINED -> {
            trial.given("Relay is accepted", () -> held.relayed(noLimit));
            yield ContributorState.CONTRIBUTOR_STATE_DRAINED;
          }
          case RELAY_FAILED -> {
            held.received().refuseAfter(0, Status.UNAVAILABLE.asRuntimeException());
            trial.given("Relay is accepted", () -> held.relayed(noLimit));
            yield ContributorState.CONTRIBUTOR_STATE_FAILED;
          }
          case DETACHED, OPENED, RECEIVING, PREPARED, DECIDING, OWNED, FORGOTTEN ->
              ContributorState.CONTRIBUTOR_STATE_DETACHED;
        };
    if (this != RELAYING) {
      trial.given("the state is " + title, () -> held.comesTo(state, status -> {}));
    }
    return new Reached(
        held.migration(),
        true,
        () -> Expect.equal("state", state, held.status(Contribution.share(1)).getState()));
  }
}
