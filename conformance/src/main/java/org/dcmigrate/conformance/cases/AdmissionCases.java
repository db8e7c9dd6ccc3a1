package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.IDENTITY_INVALID;
import static org.dcmigrate.protocol.Reason.IDENTITY_NOT_ADMITTED;
import static org.dcmigrate.protocol.Reason.LIMIT_EXCEEDED;

import io.grpc.MethodDescriptor;
import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.ReleaseRequest;

/** Who may call what, and how much there may be. */
public final class AdmissionCases {
  private static final PeerId STRANGER = new PeerId("spiffe://conformance.invalid/peer/stranger");
  private static final int MOST_MIGRATIONS = 300;

  private AdmissionCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(
        Case.of(
            "admission/destination/other-peer",
            "a migration is for its source: another configured peer is refused",
            "DCM-OPN-003 DCM-ERR-006",
            AdmissionCases::otherPeer));
    cases.add(
        Case.of(
            "admission/any/stranger",
            "an identity that is not configured is refused by every service of peers",
            "DCM-SEC-007",
            AdmissionCases::stranger));
    cases.add(
        Case.of(
            "admission/any/nameless",
            "a call without TLS and without an identity gets IDENTITY_INVALID",
            "DCM-TRN-003",
            AdmissionCases::nameless));
    cases.add(
        Case.of(
            "admission/any/misnamed",
            "a call without TLS whose identity is no identity gets IDENTITY_INVALID",
            "DCM-TRN-003",
            AdmissionCases::misnamed));
    cases.add(
        Case.of(
            "admission/destination/full",
            "an Open beyond the limit of migrations is refused, and taken when there is room again",
            "DCM-OPN-004 DCM-ERR-006",
            AdmissionCases::full));
    return cases;
  }

  private interface As {
    <Q, A> Answer<A> call(MethodDescriptor<Q, A> method, Q message);
  }

  private static As as(Trial trial, PeerId other) {
    return new As() {
      @Override
      public <Q, A> Answer<A> call(MethodDescriptor<Q, A> method, Q message) {
        return trial.callAs(other, method, message);
      }
    };
  }

  private static void refusedAll(
      String who, As caller, PeerId known, TestMigration migration, Reason reason) {
    Expect.refused(
        who + ": GetInventory",
        caller.call(
            DestinationServiceGrpc.getGetInventoryMethod(),
            GetInventoryRequest.newBuilder().setAttempt(migration.attempt()).build()),
        reason);
    Expect.refused(
        who + ": GetDestinationStatus",
        caller.call(
            DestinationServiceGrpc.getGetDestinationStatusMethod(),
            GetDestinationStatusRequest.newBuilder().setAttempt(migration.attempt()).build()),
        reason);
    Expect.refused(
        who + ": Abort",
        caller.call(
            DestinationServiceGrpc.getAbortMethod(),
            AbortRequest.newBuilder().setAttempt(migration.attempt()).build()),
        reason);
    Expect.refused(
        who + ": Open of a higher epoch",
        caller.call(
            DestinationServiceGrpc.getOpenMethod(),
            migration.openRequest().setAttempt(migration.attempt(9)).build()),
        reason);
    Expect.refused(
        who + ": Detach",
        caller.call(
            ContributorServiceGrpc.getDetachMethod(),
            DetachRequest.newBuilder()
                .setAttempt(migration.attempt(9))
                .setNewDestination(PeerRef.newBuilder().setIdentity(known.uri()))
                .build()),
        reason);
    Expect.refused(
        who + ": Release",
        caller.call(
            ContributorServiceGrpc.getReleaseMethod(),
            ReleaseRequest.newBuilder().setAttempt(migration.attempt()).build()),
        reason);
  }

  private static TestMigration holding(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 5, 1)));
    trial.given("it is held", migration::holdsWhatWasStored);
    return migration;
  }

  private static void still(Trial trial, TestMigration migration) {
    trial.unchanged("what is held is as before", migration::holdsWhatWasStored);
    trial.unchanged("a page is stored", () -> migration.stored(Chunks.page(4, 5, 1)));
  }

  private static void otherPeer(Trial trial) {
    PeerId other = trial.target().access().second();
    As second = as(trial, other);
    trial.given(
        "the other peer is admitted",
        () ->
            Expect.one(
                "GetPeer",
                second.call(
                    PeerServiceGrpc.getGetPeerMethod(), GetPeerRequest.getDefaultInstance())));
    TestMigration migration = holding(trial);
    refusedAll("another peer", second, other, migration, IDENTITY_NOT_ADMITTED);
    still(trial, migration);
  }

  private static void stranger(Trial trial) {
    As stranger = as(trial, STRANGER);
    TestMigration migration = holding(trial);
    refusedAll("a stranger", stranger, trial.target().self(), migration, IDENTITY_NOT_ADMITTED);
    Expect.refused(
        "a stranger: GetPeer",
        stranger.call(PeerServiceGrpc.getGetPeerMethod(), GetPeerRequest.getDefaultInstance()),
        IDENTITY_NOT_ADMITTED);
    Expect.refused(
        "a stranger: Dismiss",
        stranger.call(
            DecisionServiceGrpc.getDismissMethod(),
            DismissRequest.newBuilder()
                .setAttempt(migration.attempt())
                .setOwner(Choice.CHOICE_SOURCE)
                .build()),
        IDENTITY_NOT_ADMITTED);
    still(trial, migration);
  }

  private static void nameless(Trial trial) {
    TestMigration migration = holding(trial);
    Expect.refused(
        "without an identity", trial.callNameless(status(), of(migration)), IDENTITY_INVALID);
    still(trial, migration);
  }

  private static void misnamed(Trial trial) {
    TestMigration migration = holding(trial);
    for (String name : List.of("", "not an identity", "spiffe://a/" + "b".repeat(255))) {
      Expect.refused(
          "identity \"" + name + "\"",
          trial.callClaiming(name, status(), of(migration)),
          IDENTITY_INVALID);
    }
    still(trial, migration);
  }

  private static MethodDescriptor<GetDestinationStatusRequest, GetDestinationStatusResponse>
      status() {
    return DestinationServiceGrpc.getGetDestinationStatusMethod();
  }

  private static GetDestinationStatusRequest of(TestMigration migration) {
    return GetDestinationStatusRequest.newBuilder().setAttempt(migration.attempt()).build();
  }

  private static void full(Trial trial) {
    List<TestMigration> open = new ArrayList<>();
    for (int i = 0; i < MOST_MIGRATIONS; i++) {
      TestMigration next = trial.migration();
      Answer<OpenResponse> answer =
          trial.call(DestinationServiceGrpc.getOpenMethod(), next.openRequest().build());
      if (answer.ending().isOk()) {
        next.opened(answer);
        open.add(next);
        continue;
      }
      Expect.refused("Open beyond the limit", answer, LIMIT_EXCEEDED);
      Expect.that("migrations before the limit", !open.isEmpty(), "at least one", "none");
      trial.unchanged("the migration is unknown", next::unknown);
      trial.unchanged(
          "others are as before", () -> SwitchoverCases.state(open.getFirst(), "OPENED"));
      Expect.one("Abort", open.getFirst().abort());
      Expect.one("Open when there is room", next.open(next.openRequest().build()));
      return;
    }
    throw new NotApplicable("the target takes more than %d migrations".formatted(MOST_MIGRATIONS));
  }
}
