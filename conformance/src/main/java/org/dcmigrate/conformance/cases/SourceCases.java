package org.dcmigrate.conformance.cases;

import static org.dcmigrate.conformance.cases.Flows.CHUNK;
import static org.dcmigrate.conformance.cases.Flows.METADATA;
import static org.dcmigrate.conformance.cases.Flows.PREPARE;
import static org.dcmigrate.conformance.cases.Flows.PREPARE_END;
import static org.dcmigrate.conformance.cases.Flows.came;
import static org.dcmigrate.conformance.cases.Flows.place;
import static org.dcmigrate.protocol.Reason.GUEST_UNKNOWN;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.cases.Flows.Stuck;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.PlayedHolder;
import org.dcmigrate.conformance.play.PlayedPeer;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.ReleaseRequest;
import org.dcmigrate.v1.SwitchoverResponse;

/** The target as source of migrations that are not redirected. */
public final class SourceCases {
  private static final long BUSY = 3000;
  private static final int REPAIRS = 3;

  private SourceCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(
        Case.of(
            "plain/source/copy-ended",
            "a migration completes, and Running ends the copy at the source",
            "DCM-SWO-012",
            SourceCases::copyEnded));
    cases.add(
        Case.of(
            "plain/source/all-sent",
            "each page is sent before Prepare, with the contents that the guest has",
            "DCM-OPN-005 DCM-DIG-004",
            SourceCases::allSent));
    cases.add(
        Case.of(
            "generations/source/rising",
            "each emission of a page has a higher generation than the one before",
            "DCM-GEN-001",
            trial -> {
              TargetMigration migration = busy(trial);
              trial.stage().emissions().checkRising();
              migration.completed(trial.stage().first());
            }));
    cases.add(
        Case.of(
            "generations/source/one-content",
            "no generation of a page has two contents",
            "DCM-GEN-002",
            trial -> {
              TargetMigration migration = busy(trial);
              trial.stage().emissions().checkContents();
              migration.completed(trial.stage().first());
            }));
    cases.add(
        Case.of(
            "version/source/not-offered",
            "a version that was not offered ends the attempt, with Abort",
            "DCM-VER-008",
            SourceCases::versionNotOffered));
    cases.add(
        Case.of(
            "prepare/source/all-acknowledged",
            "Prepare comes only when every chunk is acknowledged and the guest stands still",
            "DCM-SWO-001",
            SourceCases::allAcknowledged));
    cases.add(
        Case.of(
            "prepare/source/three-repairs",
            "after the third repair that did not help the attempt is given up; the guest runs on",
            "DCM-SWO-007",
            SourceCases::threeRepairs));
    cases.add(
        Case.of(
            "capabilities/source/unknown",
            "capabilities of other peers that the source does not know are passed over",
            "DCM-CNF-002",
            SourceCases::unknownCapabilities));
    cases.add(
        Case.of(
            "cancel/source/runs-on",
            "Cancel leaves the guest running at the source",
            "DCM-CAN-001",
            SourceCases::cancelled));
    cases.add(
        Case.of(
            "cancel/source/all-told",
            "Cancel sends every holder an Abort with the highest epoch",
            "DCM-CAN-002",
            SourceCases::allTold));
    cases.add(
        Case.of(
            "lease/source/renewed",
            "each holder in use is called more often than its lease",
            "DCM-LSE-001",
            SourceCases::leaseRenewed));
    return cases;
  }

  private static void copyEnded(Trial trial) {
    TargetMigration migration = trial.moving().guest(0).to(trial.stage().first());
    migration.completed(trial.stage().first());
    Expect.eventually(
        "end of the copy at the source",
        migration.patience(),
        () -> !migration.askGuest().ending().isOk());
    Expect.refused("GetGuest at the source", migration.askGuest(), GUEST_UNKNOWN);
  }

  private static void allSent(Trial trial) {
    PlayedPeer first = trial.stage().first();
    Script.Held held = first.script().hold(PREPARE_END);
    TargetMigration migration = trial.moving().guest(0);
    List<byte[]> memory = trial.stage().adapter().isPresent() ? migration.memory() : List.of();
    migration.to(first);
    place(trial, "Prepare", came(first, PREPARE));
    PlayedHolder holder = migration.at(first);
    Expect.equal("pages that never came before Prepare", 0L, holder.missingPages());
    long index = 0;
    for (byte[] block : memory) {
      for (int at = 0; at < block.length; at += Geometry.PAGE_BYTES) {
        Expect.equal(
            "digest of page " + index, holder.digests().of(block, at), holder.digestOf(index));
        index++;
      }
    }
    held.letGo();
    migration.completed(first);
  }

  /** A guest that writes while it moves, up to its Prepare. */
  private static TargetMigration busy(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, BUSY);
    // Meanwhile the guest writes pages that were sent already.
    Flows.notMeanwhile(
        trial, stuck.migration(), "Prepare while pages wait", came(stage.first(), PREPARE));
    stuck.held().letGo();
    trial.given(
        "Prepare comes",
        () ->
            stage
                .course()
                .await("Prepare", stuck.migration().patience(), came(stage.first(), PREPARE)));
    trial.given(
        "some page was sent again",
        () ->
            Expect.that(
                "pages sent",
                Flows.chunks(trial, stage.first(), Integer.MAX_VALUE).stream()
                        .mapToLong(chunk -> chunk.getPageCount())
                        .sum()
                    > stuck.migration().at(stage.first()).totalPages(),
                "more than the guest has",
                "no more"));
    return stuck.migration();
  }

  private static void unknownCapabilities(Trial trial) {
    Stage stage = trial.stage();
    for (PlayedPeer peer : List.of(stage.first(), stage.second())) {
      peer.script()
          .change(
              "GetPeer",
              answer ->
                  answer instanceof GetPeerResponse greeting
                      ? greeting.toBuilder()
                          .addCapabilities("invalid.conformance.of-the-future")
                          .build()
                      : answer);
    }
    TargetMigration migration = Flows.redirected(trial, 0);
    if (stage.course().first(event -> event.step().equals("GetPeer")).isEmpty()) {
      throw new NotApplicable("the target asks no peer what it can");
    }
    migration.completed(stage.second());
  }

  private static void versionNotOffered(Trial trial) {
    PlayedPeer first = trial.stage().first();
    first
        .script()
        .change(
            "Open",
            answer ->
                answer instanceof OpenResponse open
                    ? open.toBuilder().setVersion(2).build()
                    : answer);
    TargetMigration migration = trial.moving().guest(0).to(first);
    Migration failed = migration.await(migration.patience(), MigrationState.MIGRATION_STATE_FAILED);
    Expect.equal("failure_reason", "VERSION_MISMATCH", failed.getFailureReason());
    place(trial, "Abort", came(first, "Abort"));
    Expect.that(
        "metadata",
        trial.stage().course().first(came(first, METADATA)).isEmpty(),
        "not sent",
        "ResendMetadata came");
    migration.runsAtSource();
  }

  private static void allAcknowledged(Trial trial) {
    PlayedPeer first = trial.stage().first();
    TargetMigration migration = trial.moving().guest(0);
    Script.Held open = first.script().hold(METADATA);
    migration.to(first);
    place(trial, "ResendMetadata", came(first, METADATA));
    // The last chunks that fit into the transport are taken and not acknowledged.
    Script.Held held = first.script().hold(CHUNK, 2);
    open.letGo();
    place(trial, "pages", came(first, CHUNK));
    Flows.notMeanwhile(
        trial, migration, "Prepare before all chunks are acknowledged", came(first, PREPARE));
    migration.runsAtSource();
    held.letGo();
    Script.Held prepared = first.script().hold(PREPARE_END);
    int prepare = place(trial, "Prepare", came(first, PREPARE));
    Expect.that(
        "chunks after Prepare",
        trial
            .stage()
            .course()
            .events(event -> event.came(first, CHUNK) && event.number() > prepare)
            .isEmpty(),
        "none",
        "some");
    migration.standsStillAtSource();
    prepared.letGo();
    migration.completed(first);
  }

  private static void threeRepairs(Trial trial) {
    PlayedPeer first = trial.stage().first();
    first
        .script()
        .answer(
            PREPARE_END,
            SwitchoverResponse.newBuilder()
                .setIncomplete(SwitchoverResponse.Incomplete.newBuilder().setMissingPages(1))
                .build(),
            REPAIRS + 1);
    TargetMigration migration = trial.moving().guest(0).to(first);
    trial.given("Prepare comes", () -> place(trial, "Prepare", came(first, PREPARE)));
    Migration parked = migration.await(migration.patience(), MigrationState.MIGRATION_STATE_PARKED);
    Expect.that("explanation", !parked.getExplanation().isBlank(), "a sentence", "an empty one");
    Expect.equal(
        "number of times that Prepare came",
        REPAIRS + 1,
        trial.stage().course().events(came(first, PREPARE)).size());
    place(trial, "Abort", came(first, "Abort"));
    migration.runsAtSource();
  }

  private static void cancelled(Trial trial) {
    Stuck stuck = Flows.midBulk(trial, 0);
    trial.given("the guest runs before", stuck.migration()::runsAtSource);
    Migration migration = Expect.one("CancelMigration", stuck.migration().cancel()).getMigration();
    Expect.equal(
        "state of the migration", MigrationState.MIGRATION_STATE_CANCELLED, migration.getState());
    stuck.migration().runsAtSource();
  }

  private static void allTold(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Expect.ok("CancelMigration", migration.cancel());
    for (PlayedPeer holder : List.of(stage.first(), stage.second())) {
      Event abort =
          stage
              .course()
              .await(
                  "Abort at " + holder.name(),
                  migration.patience(),
                  event -> event.came(holder, "Abort") || event.came(holder, "Release"));
      long epoch =
          abort.step().equals("Abort")
              ? abort.as(AbortRequest.class).getAttempt().getEpoch()
              : abort.as(ReleaseRequest.class).getAttempt().getEpoch();
      Expect.equal("epoch in Abort at " + holder.name(), 2L, epoch);
    }
  }

  private static void leaseRenewed(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Flows.notMeanwhile(
        trial, migration, "Prepare before the relay is done", came(stage.second(), PREPARE));
    for (PlayedPeer holder : List.of(stage.first(), stage.second())) {
      long leaseNs =
          stage
                  .course()
                  .await("Open", migration.patience(), came(holder, "Open"))
                  .as(OpenRequest.class)
                  .getLeaseMs()
              * 1_000_000L;
      String step = holder == stage.first() ? "GetContributorStatus" : "GetDestinationStatus";
      int from = place(trial, step, came(holder, step));
      List<Event> asked =
          stage.course().events(event -> event.number() >= from && event.came(holder, step));
      trial.given(
          step + " is asked more than once",
          () -> Expect.that(step, asked.size() > 1, "twice at least", asked.size() + " times"));
      for (int i = 1; i < asked.size(); i++) {
        long gapNs = asked.get(i).atNs() - asked.get(i - 1).atNs();
        Expect.that(
            "time between two of " + step,
            gapNs < leaseNs,
            "less than the lease, " + leaseNs / 1_000_000 + " ms",
            gapNs / 1_000_000 + " ms");
      }
    }
    Expect.that(
        "GetContributorStatus",
        stage
                .course()
                .first(came(stage.first(), "GetContributorStatus"))
                .map(event -> event.as(GetContributorStatusRequest.class).getAttempt().getEpoch())
                .orElse(0L)
            == 2,
        "epoch 2",
        "another one");
  }
}
