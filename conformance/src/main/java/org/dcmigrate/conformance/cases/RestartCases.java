package org.dcmigrate.conformance.cases;

import static org.dcmigrate.conformance.cases.Flows.COMMIT;
import static org.dcmigrate.conformance.cases.Flows.place;
import static org.dcmigrate.protocol.Reason.ALREADY_OPEN;
import static org.dcmigrate.protocol.Reason.ATTEMPT_DISCARDED;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.GUEST_FAILED;
import static org.dcmigrate.protocol.Reason.GUEST_UNKNOWN;
import static org.dcmigrate.protocol.Reason.MIGRATION_UNKNOWN;
import static org.dcmigrate.protocol.Reason.TOO_LATE;
import static org.dcmigrate.v1.Choice.CHOICE_DESTINATION;
import static org.dcmigrate.v1.Choice.CHOICE_SOURCE;

import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.cases.Flows.Stuck;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.PlayedPeer;
import org.dcmigrate.conformance.play.Power;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Seat;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetGuestResponse;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.SwitchoverRequest;

/** The target killed and started again: what its journal has to have told it. */
public final class RestartCases {
  private RestartCases() {}

  /** All of them. */
  public static List<Case> all() {
    return List.of(
        Case.of(
            "restart/destination/gives-up",
            "a destination without a grant has forgotten its attempt, but not the epoch",
            "DCM-REC-005 DCM-DSK-003",
            RestartCases::destinationGivesUp),
        Case.of(
            "restart/contributor/gives-up",
            "a contributor has forgotten its pages, but not the epoch",
            "DCM-REC-005 DCM-DSK-003",
            RestartCases::contributorGivesUp),
        Case.committing(
            "restart/destination/granted",
            "a destination with a grant and no decision gives up, or goes on with the loaded guest",
            "DCM-REC-005",
            RestartCases::granted),
        Case.committing(
            "restart/destination/owned",
            "an owner remains the owner, whether or not its guest has outlived the restart",
            "DCM-CAN-005",
            RestartCases::owned),
        Case.committing(
            "restart/source/moved-on",
            "a guest that has come and left again is not looked for",
            "DCM-REC-006",
            RestartCases::movedOn),
        Case.of(
            "restart/witness/vote-kept",
            "a vote that was answered is told after a restart",
            "DCM-DEC-003",
            RestartCases::voteKept),
        Case.of(
            "restart/witness/promise-kept",
            "a promise that was answered binds after a restart",
            "DCM-DEC-003",
            RestartCases::promiseKept),
        Case.of(
            "restart/source/ends",
            "a source without a grant ends the migration, and tells the destination",
            "DCM-REC-002",
            RestartCases::sourceEnds),
        Case.of(
            "restart/source/granted",
            "a source with a grant goes on with Commit, and does not set the guest running",
            "DCM-SWO-009",
            RestartCases::sourceGranted),
        Case.of(
            "restart/any/not-serving",
            "a peer that shuts down says NOT_SERVING",
            "DCM-TRN-007",
            RestartCases::notServing));
  }

  private static void destinationGivesUp(Trial trial) {
    Power power = trial.power();
    TestMigration migration = EndingCases.holding(trial, false);
    power.restart();
    Expect.refused(
        "GetInventory after the restart", Inventories.ask(trial, migration), MIGRATION_UNKNOWN);
    migration.unknown();
    fenced(migration);
  }

  /** The epoch of before is over, and those before it; the next one begins with nothing. */
  private static void fenced(TestMigration migration) {
    Expect.refused(
        "Open of the epoch of before the restart",
        migration.open(migration.openRequest().build()),
        ALREADY_OPEN);
    long known = migration.epoch();
    migration.epoch(known - 1);
    Expect.refused(
        "Open of an older epoch", migration.open(migration.openRequest().build()), EPOCH_STALE);
    migration.memory().clear();
    migration.epoch(known + 1).receiving();
    migration.holdsWhatWasStored();
  }

  private static void contributorGivesUp(Trial trial) {
    Power power = trial.power();
    TestMigration migration = EndingCases.holding(trial, true);
    power.restart();
    Expect.refused(
        "GetContributorStatus after the restart",
        trial.call(
            ContributorServiceGrpc.getGetContributorStatusMethod(),
            GetContributorStatusRequest.newBuilder().setAttempt(migration.attempt()).build()),
        MIGRATION_UNKNOWN);
    fenced(migration);
  }

  private static void granted(Trial trial) {
    Power power = trial.power();
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    trial.votes().holdBack(migration.attempt());
    stream.commit(migration.memory().digest());
    trial.given(
        "the target asks for the source's vote",
        () ->
            Expect.eventually(
                "the question",
                trial.target().timeout(),
                () -> trial.votes().asked(migration.attempt())));
    power.restart();
    if (power.guestsOutlive()) {
      migration.committed();
      trial.votes().letGo(migration.attempt());
      Switchover.begin(trial, migration).commit(migration.memory().digest()).running().end();
      return;
    }
    Switchover.begin(trial, migration)
        .commit(migration.memory().digest())
        .refused("Commit after the restart", ATTEMPT_DISCARDED);
    trial.votes().letGo(migration.attempt());
    trial.unchanged(
        "the vote of the source does not bring it back",
        () ->
            Switchover.begin(trial, migration)
                .commit(migration.memory().digest())
                .refused("Commit", ATTEMPT_DISCARDED));
  }

  private static TestMigration running(Trial trial) {
    return trial.givenValue(
        "the guest is given to the target",
        () -> CommitCases.committed(trial, stream -> stream.running().end()));
  }

  private static void owned(Trial trial) {
    Power power = trial.power();
    TestMigration migration = running(trial);
    power.restart();
    Switchover again = Switchover.begin(trial, migration).commit(migration.memory().digest());
    if (power.guestsOutlive()) {
      again.running().end();
    } else {
      migration.left();
      again.refused("Commit after the restart", GUEST_FAILED);
    }
    Expect.refused("Abort after the restart", migration.abort(), TOO_LATE);
    SwitchoverCases.state(migration, "OWNED");
  }

  private static void movedOn(Trial trial) {
    Power power = trial.power();
    TestMigration come = running(trial);
    TargetMigration on = trial.movingOn(come);
    PlayedPeer second = trial.stage().second();
    trial.given("the guest moves on", () -> on.to(second).completed(second));
    power.restart();
    Expect.refused("GetGuest after the restart", on.askGuest(), GUEST_UNKNOWN);
  }

  private static void voteKept(Trial trial) {
    WitnessCases.requireWitness(trial);
    Power power = trial.power();
    Seat seat = Seat.appointed(trial);
    trial.given("a vote is given", () -> seat.accepts(3, CHOICE_SOURCE, 3));
    power.restart();
    seat.promises(5, 5, 3, CHOICE_SOURCE);
  }

  private static void promiseKept(Trial trial) {
    WitnessCases.requireWitness(trial);
    Power power = trial.power();
    Seat seat = Seat.appointed(trial);
    trial.given("a promise is given", () -> seat.promises(5, 5));
    power.restart();
    seat.accepts(3, CHOICE_DESTINATION, 5);
    seat.promises(7, 7);
  }

  private static void sourceEnds(Trial trial) {
    Power power = trial.power();
    PlayedPeer first = trial.stage().first();
    Stuck stuck = Flows.midBulk(trial, 0);
    power.kill();
    stuck.held().letGo();
    int restarted = trial.stage().course().events().size();
    power.start();
    Event abort =
        trial
            .stage()
            .course()
            .await(
                "Abort after the restart",
                stuck.migration().patience(),
                event ->
                    event.number() >= restarted
                        && event.came(first, "Abort")
                        && of(stuck.migration(), event.as(AbortRequest.class).getAttempt()));
    Expect.equal("epoch in Abort", 1L, abort.as(AbortRequest.class).getAttempt().getEpoch());
    Optional<Migration> told = stuck.migration().nowIfKnown();
    Expect.that(
        "state of the migration after the restart",
        told.isEmpty() || told.get().getState() == MigrationState.MIGRATION_STATE_FAILED,
        "FAILED, or not known",
        told.map(migration -> migration.getState().toString()).orElse(""));
    if (power.guestsOutlive()) {
      stuck.migration().runsAtSource();
    }
  }

  /** The target may have taken up migrations of other cases, too. */
  private static boolean of(TargetMigration migration, AttemptRef attempt) {
    return attempt.getMigrationId().equals(migration.id());
  }

  private static boolean isCommit(Event event, PlayedPeer at, TargetMigration migration) {
    return event.came(at, COMMIT)
        && of(migration, event.as(SwitchoverRequest.class).getCommit().getAttempt());
  }

  private static void sourceGranted(Trial trial) {
    Power power = trial.power();
    PlayedPeer first = trial.stage().first();
    TargetMigration migration = trial.moving().guest(0);
    Script.Held held = first.script().hold(COMMIT);
    trial.given(
        "Commit is sent",
        () -> {
          migration.to(first);
          int _ = place(trial, "Commit", event -> isCommit(event, first, migration));
        });
    power.kill();
    int restarted = trial.stage().course().events().size();
    power.start();
    Event _ =
        trial
            .stage()
            .course()
            .await(
                "Commit after the restart",
                migration.patience(),
                event -> event.number() >= restarted && isCommit(event, first, migration));
    Answer<GetGuestResponse> guest = migration.askGuest();
    Expect.that(
        "the guest while Commit is not answered",
        !guest.ending().isOk()
            || guest.messages().getFirst().getGuest().getState() != GuestState.GUEST_STATE_RUNNING,
        "not running at the source",
        "RUNNING");
    held.letGo();
    migration.completed(first);
  }

  private static void notServing(Trial trial) {
    Power power = trial.power();
    Conversation<HealthCheckRequest, HealthCheckResponse> watch =
        trial
            .begin(HealthGrpc.getWatchMethod())
            .send(HealthCheckRequest.getDefaultInstance())
            .halfClose();
    Optional<HealthCheckResponse> now = watch.next();
    if (now.isEmpty() && watch.ending().status().getCode() == Status.Code.UNIMPLEMENTED) {
      // No clause asks for it; what Check says in the moment of the end cannot be caught.
      throw new NotApplicable("the target serves no Health/Watch");
    }
    trial.given(
        "the target serves",
        () ->
            Expect.equal(
                "status",
                Optional.of(ServingStatus.SERVING),
                now.map(HealthCheckResponse::getStatus)));
    power.stop();
    List<HealthCheckResponse> rest = watch.rest().messages();
    Expect.that(
        "status while the target shuts down",
        !rest.isEmpty() && rest.getLast().getStatus() == ServingStatus.NOT_SERVING,
        "NOT_SERVING",
        rest.isEmpty() ? "nothing" : rest.getLast().getStatus().toString());
    power.start();
  }
}
