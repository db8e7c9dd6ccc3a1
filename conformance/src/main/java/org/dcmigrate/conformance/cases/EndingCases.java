package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ALREADY_OPEN;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.MIGRATION_UNKNOWN;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.ReleaseRequest;

/** Abort and Release: the peer forgets, and may be told so any number of times. */
public final class EndingCases {
  private EndingCases() {}

  /** Tells a peer to forget. */
  private interface Ending {
    Answer<?> of(Trial trial, TestMigration migration);
  }

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    both(cases, "abort/destination/", (trial, migration) -> migration.abort(), false);
    both(cases, "release/contributor/", EndingCases::release, true);
    return cases;
  }

  private static void both(List<Case> cases, String area, Ending ending, boolean detached) {
    cases.add(
        Case.of(
            area + "forgets",
            "the peer forgets pages and migration",
            "DCM-STA-002",
            trial -> forgets(trial, ending, detached)));
    cases.add(
        Case.of(
            area + "idempotent",
            "to forget again succeeds, also in a higher epoch",
            "DCM-CAN-004",
            trial -> idempotent(trial, ending, detached)));
    cases.add(
        Case.of(
            area + "unknown-migration",
            "to forget what the peer does not know succeeds",
            "DCM-CAN-004",
            trial -> unknownMigration(trial, ending, detached)));
    cases.add(
        Case.of(
            area + "higher-epoch",
            "to forget in an epoch that the peer never saw succeeds, and bars older epochs",
            "DCM-STA-001 DCM-DSK-003",
            trial -> higherEpoch(trial, ending, detached)));
    cases.add(
        Case.of(
            area + "stale-epoch",
            "to forget in an older epoch is refused",
            "DCM-STA-001",
            trial -> staleEpoch(trial, ending, detached)));
    cases.add(
        Case.of(
            area + "same-epoch-again",
            "an epoch that was given up is not opened again",
            "DCM-OPN-002 DCM-DSK-003",
            trial -> sameEpochAgain(trial, ending, detached)));
    cases.add(
        Case.of(
            area + "opened-again",
            "a higher epoch may be opened afterwards, and begins with nothing",
            "DCM-STA-002",
            trial -> openedAgain(trial, ending, detached)));
  }

  private static Answer<?> release(Trial trial, TestMigration migration) {
    return trial.call(
        ContributorServiceGrpc.getReleaseMethod(),
        ReleaseRequest.newBuilder().setAttempt(migration.attempt()).build());
  }

  /** A holder of epoch 5 in its role, with a page. */
  static TestMigration holding(Trial trial, boolean detached) {
    TestMigration migration = trial.migration().epoch(detached ? 4 : 5);
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    if (detached) {
      migration.epoch(5);
      trial.given("Detach is accepted", () -> holdsDetached(trial, migration));
    }
    return migration;
  }

  private static void holdsDetached(Trial trial, TestMigration migration) {
    List<DetachResponse> parts =
        Expect.ok(
            "Detach",
            trial.call(
                ContributorServiceGrpc.getDetachMethod(),
                DetachRequest.newBuilder()
                    .setAttempt(migration.attempt())
                    .setNewDestination(
                        PeerRef.newBuilder().setIdentity(trial.target().self().uri()))
                    .build()));
    Inventories.check(trial, migration, parts.stream().map(DetachResponse::getBatch).toList());
  }

  private static void forgets(Trial trial, Ending ending, boolean detached) {
    TestMigration migration = holding(trial, detached);
    Expect.one("the call", ending.of(trial, migration));
    migration.unknown();
    Expect.refused("GetInventory", Inventories.ask(trial, migration), MIGRATION_UNKNOWN);
    Expect.refused("Transfer", migration.transfer(Chunks.page(4, 1, 1)), MIGRATION_UNKNOWN);
  }

  private static void idempotent(Trial trial, Ending ending, boolean detached) {
    TestMigration migration = holding(trial, detached);
    Expect.one("the call", ending.of(trial, migration));
    Expect.one("the call again", ending.of(trial, migration));
    migration.epoch(6);
    Expect.one("the call in a higher epoch", ending.of(trial, migration));
    migration.unknown();
  }

  private static void unknownMigration(Trial trial, Ending ending, boolean detached) {
    holding(trial, detached);
    TestMigration migration = trial.migration();
    Expect.one("the call", ending.of(trial, migration));
    trial.unchanged("the migration is not known", migration::unknown);
    // An Open in the same epoch may be refused as late.
    migration.epoch(migration.epoch() + 1);
    trial.unchanged("a migration of that id may begin", migration::receiving);
  }

  private static void higherEpoch(Trial trial, Ending ending, boolean detached) {
    TestMigration migration = holding(trial, detached);
    migration.epoch(8);
    Expect.one("the call in a higher epoch", ending.of(trial, migration));
    migration.unknown();
    migration.epoch(7);
    Expect.refused(
        "Open of an epoch between", migration.open(migration.openRequest().build()), EPOCH_STALE);
    migration.epoch(8);
  }

  private static void staleEpoch(Trial trial, Ending ending, boolean detached) {
    TestMigration migration = holding(trial, detached);
    migration.epoch(3);
    Expect.refused("the call in an older epoch", ending.of(trial, migration), EPOCH_STALE);
    migration.epoch(5);
    trial.unchanged(
        "what is held is as before",
        () -> {
          if (detached) {
            holdsDetached(trial, migration);
          } else {
            migration.holdsWhatWasStored();
          }
        });
  }

  private static void sameEpochAgain(Trial trial, Ending ending, boolean detached) {
    TestMigration migration = holding(trial, detached);
    trial.given("the call is accepted", () -> Expect.one("call", ending.of(trial, migration)));
    Expect.refused(
        "Open of the epoch given up",
        migration.open(migration.openRequest().build()),
        ALREADY_OPEN);
    trial.unchanged("the migration is not known", migration::unknown);
    migration.memory().clear();
    trial.unchanged("a higher epoch is opened", migration.epoch(6)::receiving);
  }

  private static void openedAgain(Trial trial, Ending ending, boolean detached) {
    TestMigration migration = holding(trial, detached);
    Expect.one("the call", ending.of(trial, migration));
    migration.memory().clear();
    migration.epoch(6);
    migration.receiving();
    migration.holdsWhatWasStored();
    migration.stored(Chunks.page(3, 1, 2));
    migration.holdsWhatWasStored();
  }
}
