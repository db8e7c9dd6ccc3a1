package org.dcmigrate.conformance.cases;

import static org.dcmigrate.conformance.cases.Flows.CHUNK;
import static org.dcmigrate.conformance.cases.Flows.COMMIT;
import static org.dcmigrate.conformance.cases.Flows.OPEN;
import static org.dcmigrate.conformance.cases.Flows.PREPARE;
import static org.dcmigrate.conformance.cases.Flows.PREPARE_END;
import static org.dcmigrate.conformance.cases.Flows.came;
import static org.dcmigrate.conformance.cases.Flows.place;
import static org.dcmigrate.conformance.cases.Flows.went;

import java.time.Duration;
import java.util.List;
import org.dcmigrate.conformance.cases.Flows.Stuck;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.Verdict;

/** The target as source of migrations whose other peers are lost, and who decides then. */
public final class LossCases {
  private static final long WRITES = 40_000;
  // A twentieth of what the guest writes: it outruns that on a busy machine, too.
  private static final long SLOW_BYTES = 8 << 20;
  // Beyond the time until the rates are known, which a target that has just started takes longer
  // to settle.
  private static final Duration VERDICT_WITHIN = Duration.ofSeconds(6);
  private static final Duration MARGIN = Duration.ofSeconds(2);

  private LossCases() {}

  /** All of them. */
  public static List<Case> all() {
    return List.of(
        Case.of(
            "loss/source/contributor",
            "the source sends what a contributor that is lost owed",
            "DCM-LOS-001",
            LossCases::contributor),
        Case.of(
            "loss/source/destination",
            "when the destination is lost the guest runs on, and the migration is PARKED",
            "DCM-LOS-002",
            LossCases::destination),
        Case.of(
            "loss/source/record-kept",
            "a redirect out of PARKED announces the lost destination as a contributor",
            "DCM-LOS-003",
            LossCases::recordKept),
        Case.of(
            "loss/source/told",
            "a holder that answers its status with an error is lost at once",
            "DCM-LSE-005",
            LossCases::told),
        Case.of(
            "loss/source/silent",
            "a holder that does not answer is lost after a bounded time",
            "DCM-LSE-006",
            LossCases::silent),
        Case.of(
            "decision/source/stands-still",
            "after Commit the guest stands still until it is decided, whatever Commit is told",
            "DCM-SWO-013",
            LossCases::standsStill),
        Case.of(
            "decision/source/own-vote-free",
            "the source takes the guest back with the witness where the destination is dead",
            "DCM-DEC-002",
            LossCases::ownVoteFree),
        Case.of(
            "decision/source/witness-agreed",
            "the witness that Commit names has agreed to this epoch",
            "DCM-DEC-005",
            LossCases::witnessAgreed),
        Case.of(
            "decision/source/witness-silent",
            "a witness that has not agreed is not named in Commit",
            "DCM-DEC-005",
            LossCases::witnessSilent),
        Case.of(
            "forecast/source/stalled",
            "STALLED names the peer from which nothing comes",
            "DCM-FCT-002",
            LossCases::stalled),
        Case.of(
            "forecast/source/not-converging",
            "NOT_CONVERGING is said soon where the guest writes faster than pages get across",
            "DCM-FCT-001",
            LossCases::notConverging));
  }

  private static void contributor(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    trial.given(
        "the contributor owes pages",
        () ->
            Expect.that(
                "pages named in Relay",
                !Flows.named(trial, migration, stage.first()).isEmpty(),
                "some",
                "none"));
    stage.first().die();
    Script.Held prepared = stage.second().script().hold(PREPARE_END);
    stage.course().await("Prepare", migration.patience(), came(stage.second(), PREPARE));
    Expect.equal(
        "pages that the destination lacks at Prepare",
        0L,
        migration.at(stage.second()).missingPages());
    prepared.letGo();
    migration.completed(stage.second());
  }

  /** The destination is gone in the middle, and the migration is PARKED. */
  private static TargetMigration parked(Trial trial, Stuck stuck) {
    trial.stage().first().vanish();
    stuck.held().letGo();
    Migration parked =
        stuck
            .migration()
            .await(stuck.migration().patience(), MigrationState.MIGRATION_STATE_PARKED);
    Expect.equal("destination", "", parked.getDestination());
    return stuck.migration();
  }

  private static void destination(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = parked(trial, Flows.midBulk(trial, 0));
    migration.runsAtSource();
    Expect.ok("Redirect out of PARKED", migration.redirect(stage.second()));
    migration.completed(stage.second());
  }

  private static void recordKept(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    TargetMigration migration = stuck.migration();
    trial.given("the migration is PARKED", () -> parked(trial, stuck));
    stage.first().rise();
    Expect.ok("Redirect out of PARKED", migration.redirect(stage.second()));
    OpenRequest open =
        stage
            .course()
            .await("Open", migration.patience(), came(stage.second(), OPEN))
            .as(OpenRequest.class);
    Expect.equal(
        "contributors in Open",
        List.of(stage.first().identity().uri()),
        open.getContributorsList().stream().map(PeerRef::getIdentity).toList());
    migration.completed(stage.second());
    stage.emissions().checkRising();
  }

  private static void told(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = preparing(trial);
    stage.first().script().refuse("GetDestinationStatus", Reason.MIGRATION_UNKNOWN);
    migration.await(stage.silence().dividedBy(2), MigrationState.MIGRATION_STATE_PARKED);
    migration.runsAtSource();
  }

  /**
   * A migration whose Prepare is not answered: for a while nothing but the status is waited for.
   */
  private static TargetMigration preparing(Trial trial) {
    Stage stage = trial.stage();
    Script.Held prepared = stage.first().script().hold(PREPARE_END);
    TargetMigration migration = trial.moving().guest(0).to(stage.first());
    trial.given(
        "Prepare comes",
        () -> Expect.eventually("Prepare", migration.patience(), prepared::isReached));
    return migration;
  }

  private static void silent(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = preparing(trial);
    stage.first().script().ignore("GetDestinationStatus");
    migration.await(stage.silence().plus(MARGIN), MigrationState.MIGRATION_STATE_PARKED);
    migration.runsAtSource();
  }

  private static MigrateRequest.Builder witnessed(Trial trial, MigrateRequest.Builder request) {
    request.getOptionsBuilder().setWitness(trial.stage().third().name());
    return request;
  }

  /** A migration with a witness, up to its first Commit. */
  private static TargetMigration committing(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = trial.moving().guest(0);
    trial.given(
        "Commit comes, with the witness",
        () -> {
          migration.to(stage.first(), request -> witnessed(trial, request));
          Event commit =
              stage.course().await("Commit", migration.patience(), came(stage.first(), COMMIT));
          Expect.equal(
              "witness in Commit",
              stage.third().identity().uri(),
              commit.as(SwitchoverRequest.class).getCommit().getWitness().getIdentity());
        });
    return migration;
  }

  private static void standsStill(Trial trial) {
    Stage stage = trial.stage();
    stage.first().script().refuse(COMMIT, Reason.MIGRATION_UNKNOWN);
    stage.third().script().refuse("Promise", Reason.PEER_NOT_SERVING);
    Script.Held prepared = stage.first().script().hold(PREPARE_END);
    TargetMigration migration = trial.moving().guest(0);
    migration.to(stage.first(), request -> witnessed(trial, request));
    // The witness has to be there before the guest stops.
    place(trial, "Appoint", went(stage.third(), "Appoint"));
    prepared.letGo();
    migration.await(migration.patience(), MigrationState.MIGRATION_STATE_IN_DOUBT);
    migration.standsStillAtSource();
    stage.course().await("another Commit", migration.patience(), came(stage.first(), COMMIT), 2);
    Expect.equal(
        "state of the migration",
        MigrationState.MIGRATION_STATE_IN_DOUBT,
        migration.now().getState());
    migration.standsStillAtSource();
    stage.first().script().clear();
    stage.third().script().clear();
    migration.await(
        migration.patience(),
        MigrationState.MIGRATION_STATE_COMPLETED,
        MigrationState.MIGRATION_STATE_FAILED);
  }

  private static void ownVoteFree(Trial trial) {
    Stage stage = trial.stage();
    stage.first().script().ignore(COMMIT);
    TargetMigration migration = committing(trial);
    stage.first().vanish();
    Migration failed = migration.await(migration.patience(), MigrationState.MIGRATION_STATE_FAILED);
    Expect.equal("owner", failed.getSource(), failed.getOwner());
    migration.runsAtSource();
  }

  private static void witnessAgreed(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = committing(trial);
    Expect.that(
        "Appoint of epoch 1",
        stage.third().hasSeat(migration.id(), 1),
        "accepted before Commit",
        "never accepted");
    migration.completed(stage.first());
  }

  private static void witnessSilent(Trial trial) {
    Stage stage = trial.stage();
    Script.Held appoint = stage.third().script().hold("Appoint");
    TargetMigration migration = trial.moving().guest(0);
    migration.to(stage.first(), request -> witnessed(trial, request));
    trial.given(
        "the witness is asked", () -> place(trial, "Appoint", came(stage.third(), "Appoint")));
    Event commit =
        stage.course().await("Commit", migration.patience(), came(stage.first(), COMMIT));
    Expect.that(
        "witness in Commit",
        !commit.as(SwitchoverRequest.class).getCommit().hasWitness(),
        "none",
        "one that has not agreed");
    appoint.letGo();
    migration.completed(stage.first());
  }

  private static void stalled(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    trial.given(
        "the source gives a forecast",
        () ->
            Expect.eventually(
                "forecast",
                trial.target().timeout(),
                () -> stuck.migration().now().getProgress().hasForecast()));
    Expect.eventually(
        "verdict STALLED",
        stuck.migration().patience(),
        () ->
            stuck.migration().now().getProgress().getForecast().getVerdict()
                == Verdict.VERDICT_STALLED);
    Expect.equal(
        "stalled_peer",
        stage.first().name(),
        stuck.migration().now().getProgress().getForecast().getStalledPeer());
    stuck.held().letGo();
    stuck.migration().completed(stage.first());
  }

  private static void notConverging(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = trial.moving().guest(WRITES);
    migration.to(
        stage.first(),
        request -> {
          request
              .getOptionsBuilder()
              .setDowntimeLimitMs(1)
              .getShareBuilder()
              .setMostBytesPerSecond(SLOW_BYTES);
          return request;
        });
    trial.given("pages flow", () -> place(trial, "pages", came(stage.first(), CHUNK)));
    Expect.eventually(
        "verdict NOT_CONVERGING",
        trial.target().timeout().plus(VERDICT_WITHIN),
        () -> {
          trial.given(
              "the guest writes faster than pages get across",
              () ->
                  Expect.that(
                      "Switchover",
                      stage.course().first(came(stage.first(), PREPARE)).isEmpty(),
                      "none",
                      "the guest has stopped"));
          return migration.now().getProgress().getForecast().getVerdict()
              == Verdict.VERDICT_NOT_CONVERGING;
        });
    Expect.ok("CancelMigration", migration.cancel());
    migration.runsAtSource();
  }
}
