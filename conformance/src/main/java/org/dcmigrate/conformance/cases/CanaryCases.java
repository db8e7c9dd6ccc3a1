package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.MIGRATION_UNKNOWN;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.SkipRequest;

/**
 * Every call with an attempt, for a migration nobody knows, for an epoch that is over, and for one
 * that was not opened. A peer that accepts anything does not get past these.
 */
public final class CanaryCases {
  private CanaryCases() {}

  /** Makes one call and checks how it is refused. */
  private interface Call {
    void refused(Trial trial, TestMigration migration, Reason reason);
  }

  private record Named(String role, String name, Call call) {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (Named call : calls()) {
      cases.add(
          Case.of(
              "canary/" + call.role() + "/" + call.name(),
              call.name() + " for a random migration is refused",
              "DCM-STA-002",
              trial -> unknown(trial, call)));
    }
    for (Named call : calls()) {
      // Of these calls, others look at what older and higher epochs do.
      if (List.of("inventory", "segment-digests", "status", "skip").contains(call.name())) {
        cases.add(
            Case.of(
                "epoch/" + call.role() + "/" + call.name() + "-stale",
                call.name() + " of an older epoch is refused",
                "DCM-STA-001",
                trial -> otherEpoch(trial, call, 4, EPOCH_STALE)));
        cases.add(
            Case.of(
                "epoch/" + call.role() + "/" + call.name() + "-not-open",
                call.name() + " of an epoch that was not opened is refused",
                "DCM-STA-002",
                trial -> otherEpoch(trial, call, 6, STATE_CONFLICT)));
      }
    }
    return cases;
  }

  private static List<Named> calls() {
    return List.of(
        new Named(
            "destination",
            "metadata",
            (trial, migration, reason) ->
                Expect.refused(
                    "ResendMetadata",
                    migration.resend(migration.batch(migration.records())),
                    reason)),
        new Named(
            "destination",
            "transfer",
            (trial, migration, reason) ->
                Expect.refused("Transfer", migration.transfer(Chunks.page(0, 1, 1)), reason)),
        new Named(
            "destination",
            "inventory",
            (trial, migration, reason) ->
                Expect.refused("GetInventory", Inventories.ask(trial, migration), reason)),
        new Named(
            "destination",
            "segment-digests",
            (trial, migration, reason) ->
                Expect.refused(
                    "GetSegmentDigests", Inventories.askDigests(trial, migration), reason)),
        new Named(
            "destination",
            "status",
            (trial, migration, reason) ->
                Expect.refused("GetDestinationStatus", migration.status(), reason)),
        new Named(
            "destination",
            "prepare",
            (trial, migration, reason) ->
                Switchover.begin(trial, migration).prepare().refused("Prepare", reason)),
        new Named(
            "destination",
            "commit",
            (trial, migration, reason) ->
                Switchover.begin(trial, migration).commit(0).refused("Commit", reason)),
        new Named(
            "contributor",
            "detach",
            (trial, migration, reason) ->
                Expect.refused("Detach", detach(trial, migration), reason)),
        new Named(
            "contributor",
            "relay",
            (trial, migration, reason) ->
                Expect.refused(
                    "Relay",
                    trial.call(
                        ContributorServiceGrpc.getRelayMethod(),
                        RelayRequest.newBuilder()
                            .setHeader(
                                RelayRequest.Header.newBuilder().setAttempt(migration.attempt()))
                            .build()),
                    reason)),
        new Named(
            "contributor",
            "skip",
            (trial, migration, reason) ->
                Expect.refused(
                    "Skip",
                    trial.call(
                        ContributorServiceGrpc.getSkipMethod(),
                        SkipRequest.newBuilder().setAttempt(migration.attempt()).build()),
                    reason)),
        new Named(
            "contributor",
            "status",
            (trial, migration, reason) ->
                Expect.refused(
                    "GetContributorStatus",
                    trial.call(
                        ContributorServiceGrpc.getGetContributorStatusMethod(),
                        GetContributorStatusRequest.newBuilder()
                            .setAttempt(migration.attempt())
                            .build()),
                    reason)));
  }

  private static Answer<?> detach(Trial trial, TestMigration migration) {
    return trial.call(
        ContributorServiceGrpc.getDetachMethod(),
        DetachRequest.newBuilder()
            .setAttempt(migration.attempt())
            .setNewDestination(PeerRef.newBuilder().setIdentity(trial.target().self().uri()))
            .build());
  }

  private static void unknown(Trial trial, Named call) {
    TestMigration known = trial.receiving();
    trial.given("a page is stored", () -> known.stored(Chunks.page(3, 1, 1)));
    TestMigration migration = trial.migration();
    call.call().refused(trial, migration, MIGRATION_UNKNOWN);
    trial.unchanged("the migration is not known", migration::unknown);
    trial.unchanged("a known migration holds its page", known::holdsWhatWasStored);
    trial.unchanged("a migration of that id may begin", migration::receiving);
  }

  private static void otherEpoch(Trial trial, Named call, long epoch, Reason reason) {
    boolean contributor = call.role().equals("contributor");
    TestMigration migration = trial.migration().epoch(contributor ? 3 : 5);
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    migration.epoch(5);
    if (contributor) {
      trial.given("Detach is accepted", () -> Expect.ok("Detach", detach(trial, migration)));
    }
    migration.epoch(epoch);
    call.call().refused(trial, migration, reason);
    migration.epoch(5);
    trial.unchanged(
        "the peer answers in its epoch",
        () -> {
          if (contributor) {
            Expect.ok("Detach", detach(trial, migration));
          } else {
            migration.holdsWhatWasStored();
          }
        });
  }
}
