package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ATTEMPT_DISCARDED;
import static org.dcmigrate.protocol.Reason.DIGEST_MISMATCH;
import static org.dcmigrate.protocol.Reason.TOO_LATE;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.decision.Vote;

/** Complete migrations: the guest runs at the target afterwards. */
public final class CommitCases {
  private CommitCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(
        Case.committing(
            "commit/destination/running",
            "a complete migration ends with Running",
            "DCM-SWO-011 DCM-DSK-005",
            CommitCases::running));
    cases.add(
        Case.committing(
            "commit/destination/vote-first",
            "without the source's vote the guest is not resumed; with it, it is",
            "DCM-DEC-001",
            CommitCases::voteFirst));
    cases.add(
        Case.committing(
            "commit/destination/taken-back",
            "a guest that the source has taken back is given up for good",
            "DCM-DEC-001",
            CommitCases::takenBack));
    cases.add(
        Case.committing(
            "commit/destination/repeated",
            "Commit on a new stream is answered with Running again",
            "DCM-SWO-009 DCM-SWO-010",
            CommitCases::repeated));
    cases.add(
        Case.committing(
            "commit/destination/too-late",
            "the owner refuses everything but status and Commit",
            "DCM-CAN-005 DCM-STA-002",
            CommitCases::tooLate));
    return cases;
  }

  static TestMigration committed(Trial trial, Consumer<Switchover> then) {
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    migration.committed();
    stream.commit(migration.memory().digest());
    then.accept(stream);
    return migration;
  }

  private static void running(Trial trial) {
    TestMigration migration = committed(trial, stream -> stream.running().end());
    SwitchoverCases.state(migration, "OWNED");
  }

  private static void voteFirst(Trial trial) {
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    trial.votes().holdBack(migration.attempt());
    migration.committed();
    stream.commit(migration.memory().digest());
    Expect.eventually(
        "the target asks for the source's vote",
        trial.target().timeout(),
        () -> trial.votes().asked(migration.attempt()));
    SwitchoverCases.state(migration, "DECIDING");
    trial.votes().letGo(migration.attempt());
    stream.running().end();
    Expect.equal(
        "the vote that the source has given",
        Optional.of(Vote.GRANTED.choice()),
        trial.votes().accepted(migration.attempt()).map(Vote::choice));
    SwitchoverCases.state(migration, "OWNED");
  }

  private static void takenBack(Trial trial) {
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    trial.votes().takeBack(migration.attempt());
    stream.commit(migration.memory().digest());
    stream.refused("Commit", ATTEMPT_DISCARDED);
    trial.unchanged(
        "a repeated Commit is refused for the same reason",
        () ->
            Switchover.begin(trial, migration)
                .commit(migration.memory().digest())
                .refused("Commit", ATTEMPT_DISCARDED));
  }

  private static void repeated(Trial trial) {
    TestMigration migration = committed(trial, Switchover::cancel);
    long digest = migration.memory().digest();
    Switchover.begin(trial, migration).commit(digest).running().commit(digest).running().end();
    SwitchoverCases.state(migration, "OWNED");
    Switchover.begin(trial, migration).commit(digest + 1).refused("Commit", DIGEST_MISMATCH);
    trial.unchanged(
        "the right Commit is answered",
        () -> Switchover.begin(trial, migration).commit(digest).running().end());
  }

  private static void tooLate(Trial trial) {
    TestMigration migration = committed(trial, stream -> stream.running().end());
    Expect.refused("Abort", migration.abort(), TOO_LATE);
    Expect.refused("Transfer", migration.transfer(Chunks.page(3, 6, 2)), TOO_LATE);
    Expect.refused(
        "Open of a higher epoch",
        migration.open(migration.openRequest().setAttempt(migration.attempt(2)).build()),
        TOO_LATE);
    trial.unchanged("the state is OWNED", () -> SwitchoverCases.state(migration, "OWNED"));
    trial.unchanged(
        "Commit is answered",
        () ->
            Switchover.begin(trial, migration).commit(migration.memory().digest()).running().end());
  }
}
