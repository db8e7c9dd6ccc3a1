package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.DIGEST_MISMATCH;
import static org.dcmigrate.protocol.Reason.TOO_LATE;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;

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

  private static TestMigration committed(Trial trial, Consumer<Switchover> then) {
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
