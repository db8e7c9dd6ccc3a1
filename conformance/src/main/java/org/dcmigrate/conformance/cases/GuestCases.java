package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.GUEST_EXISTS;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.Guest;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.ListGuestsRequest;
import org.dcmigrate.v1.PeerServiceGrpc;

/** The guests that the target runs. */
public final class GuestCases {
  private GuestCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(
        Case.committing(
            "guests/destination/name-taken",
            "metadata of a guest whose name another one has are refused",
            "DCM-MTA-009",
            GuestCases::nameTaken));
    cases.add(
        Case.committing(
            "guests/destination/runs-after-commit",
            "the guest does not run before the commit, and does afterwards",
            "DCM-SWO-005 DCM-SWO-011",
            GuestCases::runsAfterCommit));
    return cases;
  }

  private static boolean runs(Trial trial, TestMigration migration) {
    List<Guest> guests =
        Expect.one(
                "ListGuests",
                trial.call(
                    PeerServiceGrpc.getListGuestsMethod(), ListGuestsRequest.getDefaultInstance()))
            .getGuestsList();
    return guests.stream()
        .anyMatch(
            guest ->
                guest.getName().equals(migration.openRequest().getGuestName())
                    && guest.getState() == GuestState.GUEST_STATE_RUNNING);
  }

  private static TestMigration owned(Trial trial) {
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    migration.committed();
    trial.given(
        "the guest is run", () -> stream.commit(migration.memory().digest()).running().end());
    return migration;
  }

  private static void nameTaken(Trial trial) {
    TestMigration first = owned(trial);
    TestMigration second = trial.migration();
    trial.given(
        "Open is accepted",
        () ->
            Expect.one(
                "Open",
                second.open(
                    second
                        .openRequest()
                        .setGuestName(first.openRequest().getGuestName())
                        .build())));
    Expect.refused("ResendMetadata", second.resend(second.batch(second.records())), GUEST_EXISTS);
    trial.unchanged("the state is OPENED", () -> SwitchoverCases.state(second, "OPENED"));
    trial.unchanged("the first guest runs", () -> SwitchoverCases.state(first, "OWNED"));
    TestMigration third = trial.migration();
    trial.unchanged("a guest of another name is taken", third::receiving);
  }

  private static void runsAfterCommit(Trial trial) {
    TestMigration migration = SwitchoverCases.ready(trial);
    Switchover stream = Switchover.begin(trial, migration);
    trial.given("Prepare is answered", () -> stream.prepare().prepared());
    Expect.that("the guest before the commit", !runs(trial, migration), "not running", "runs");
    migration.committed();
    stream.commit(migration.memory().digest()).running().end();
    Expect.that("the guest after the commit", runs(trial, migration), "running", "does not");
  }
}
