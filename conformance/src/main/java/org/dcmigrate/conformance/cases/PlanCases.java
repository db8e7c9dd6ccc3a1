package org.dcmigrate.conformance.cases;

import static org.dcmigrate.conformance.cases.Flows.CHUNK;
import static org.dcmigrate.conformance.cases.Flows.OPEN;
import static org.dcmigrate.conformance.cases.Flows.PREPARE;
import static org.dcmigrate.conformance.cases.Flows.PREPARE_END;
import static org.dcmigrate.conformance.cases.Flows.came;
import static org.dcmigrate.conformance.cases.Flows.place;
import static org.dcmigrate.conformance.cases.Flows.went;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Course.Kind;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.Extent;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.Priority;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.TransferShare;

/** Who sends which page after a redirect, as the target plans it. */
public final class PlanCases {
  private static final long LIMIT = 50L << 20;
  private static final long WRITES = 500;
  // Above all that a source emits within a case.
  private static final int MADE_UP = 1_000_000;

  private PlanCases() {}

  /** All of them. */
  public static List<Case> all() {
    return List.of(
        Case.of(
            "plan/source/owed-by-contributor",
            "a page that a contributor holds in its last version is named in Relay",
            "DCM-PLN-002",
            PlanCases::owedByContributor),
        Case.of(
            "plan/source/rest-by-source",
            "every page that nobody else holds in its last version is sent by the source",
            "DCM-PLN-003",
            PlanCases::restBySource),
        Case.of(
            "plan/source/drained-and-compared",
            "Prepare comes only after the contributor is drained and the inventory was compared",
            "DCM-PLN-005",
            PlanCases::drainedAndCompared),
        Case.of(
            "plan/source/lacking-sent",
            "what the inventory lacks and nobody owes is sent by the source",
            "DCM-PLN-006",
            PlanCases::lackingSent),
        Case.of(
            "plan/source/skipped",
            "a page that the source sends while a contributor owes it is named in a Skip",
            "DCM-PLN-004",
            PlanCases::skipped),
        Case.of(
            "plan/source/made-up-inventory",
            "a contributor that holds what was never emitted is not used, nor announced again",
            "DCM-PLN-008",
            PlanCases::madeUpInventory),
        Case.of(
            "plan/source/made-up-page",
            "a page that somebody made up at the destination is sent again, under a higher"
                + " generation",
            "DCM-PLN-009",
            PlanCases::madeUpPage),
        Case.of(
            "rates/source/share-told",
            "Relay and each status carry the migration's priority, and no rate above its limit",
            "DCM-LIM-001",
            PlanCases::shareTold));
  }

  private static Predicate<Event> drained(Stage stage) {
    return event ->
        event.kind() == Kind.WENT
            && event.peer().equals(stage.first().name())
            && event.step().equals("GetContributorStatus")
            && event.as(GetContributorStatusResponse.class).getState()
                == ContributorState.CONTRIBUTOR_STATE_DRAINED;
  }

  private static void owedByContributor(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Set<Long> held = Flows.inventoryOfDetach(trial, migration, stage.first());
    trial.given(
        "the old destination holds pages",
        () -> Expect.that("pages held", !held.isEmpty(), "some", "none"));
    stage.first().relayGate().letGo();
    int drained = place(trial, "DRAINED", drained(stage));
    Set<Long> named = Flows.named(trial, migration, stage.first());
    Set<Long> owedByNobody = new TreeSet<>(held);
    owedByNobody.removeAll(named);
    owedByNobody.removeAll(Flows.sent(trial, migration, stage.second(), drained));
    Expect.that(
        "pages of the contributor that nobody owes",
        owedByNobody.isEmpty(),
        "none",
        Flows.text(owedByNobody));
    Expect.that("pages named in Relay", !named.isEmpty(), "some", "none");
    named.removeAll(held);
    Expect.that(
        "pages named in Relay that the contributor does not hold",
        named.isEmpty(),
        "none",
        Flows.text(named));
    migration.completed(stage.second());
  }

  private static void restBySource(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.redirected(trial, 0);
    int prepare = place(trial, "Prepare", came(stage.second(), PREPARE));
    Set<Long> lacking = new TreeSet<>();
    for (long index = 0; index < migration.at(stage.second()).totalPages(); index++) {
      lacking.add(index);
    }
    lacking.removeAll(Flows.inventoryOfDetach(trial, migration, stage.first()));
    trial.given(
        "the old destination lacks pages",
        () -> Expect.that("pages lacking", !lacking.isEmpty(), "some", "none"));
    lacking.removeAll(Flows.sent(trial, migration, stage.second(), prepare));
    Expect.that(
        "pages that nobody sent before Prepare", lacking.isEmpty(), "none", Flows.text(lacking));
    migration.completed(stage.second());
  }

  private static void drainedAndCompared(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Flows.notMeanwhile(
        trial,
        migration,
        "Prepare before the contributor is drained",
        came(stage.second(), PREPARE));
    stage.first().relayGate().letGo();
    int drained = place(trial, "DRAINED", drained(stage));
    int prepare = place(trial, "Prepare", came(stage.second(), PREPARE));
    Expect.that(
        "GetInventory at the destination",
        stage
            .course()
            .first(
                event ->
                    event.came(stage.second(), "GetInventory")
                        && event.number() > drained
                        && event.number() < prepare)
            .isPresent(),
        "between DRAINED and Prepare",
        "not there");
    migration.completed(stage.second());
  }

  private static void lackingSent(Trial trial) {
    Stage stage = trial.stage();
    // A contributor that says that it is done, and is not.
    stage
        .first()
        .script()
        .change(
            "GetContributorStatus",
            answer ->
                answer instanceof GetContributorStatusResponse status
                    ? status.toBuilder()
                        .setState(ContributorState.CONTRIBUTOR_STATE_DRAINED)
                        .setWaitingPages(0)
                        .build()
                    : answer);
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Script.Held prepared = stage.second().script().hold(PREPARE_END);
    place(trial, "Prepare", came(stage.second(), PREPARE));
    Expect.equal(
        "pages that the destination lacks at Prepare",
        0L,
        migration.at(stage.second()).missingPages());
    prepared.letGo();
    migration.completed(stage.second());
  }

  private static void skipped(Trial trial) {
    Stage stage = trial.stage();
    // A source that takes pages over has many to take; one that does not has those that the guest
    // writes meanwhile.
    TargetMigration migration = Flows.relayingMost(trial, WRITES, 1);
    Set<Long> owed = Flows.named(trial, migration, stage.first());
    trial.given(
        "the source sends a page that the contributor owes",
        () ->
            Expect.eventually(
                "the page", migration.patience(), () -> !sentOf(owed, trial, migration).isEmpty()));
    Set<Long> sent = sentOf(owed, trial, migration);
    Expect.eventually(
        "Skip of pages that the source has sent itself",
        migration.patience(),
        () -> {
          Set<Long> unnamed = new TreeSet<>(sent);
          for (Event skip : stage.course().events(came(stage.first(), "Skip"))) {
            Set<Long> named = new TreeSet<>();
            for (Extent extent : skip.as(SkipRequest.class).getExtentsList()) {
              Flows.add(migration, stage.first(), extent, named);
            }
            unnamed.removeAll(named);
          }
          return unnamed.isEmpty();
        });
    stage.first().relayGate().letGo();
    migration.completed(stage.second());
  }

  /** Those of these pages that the source has sent to the new destination itself. */
  private static Set<Long> sentOf(Set<Long> pages, Trial trial, TargetMigration migration) {
    Set<Long> sent = Flows.sent(trial, migration, trial.stage().second(), Integer.MAX_VALUE);
    sent.retainAll(pages);
    return sent;
  }

  private static void madeUpInventory(Trial trial) {
    Stage stage = trial.stage();
    stage
        .first()
        .script()
        .change(
            "Detach", answer -> answer instanceof DetachResponse detach ? madeUp(detach) : answer);
    Script.Held prepare = stage.second().script().hold(PREPARE);
    TargetMigration migration = Flows.redirected(trial, 0);
    place(trial, "Prepare", came(stage.second(), PREPARE));
    Expect.that(
        "Relay to the contributor that makes pages up",
        stage.course().first(came(stage.first(), "Relay")).isEmpty(),
        "none",
        "Relay came");
    Expect.equal(
        "pages that the destination lacks at Prepare",
        0L,
        migration.at(stage.second()).missingPages());
    Expect.ok("Redirect", migration.redirect(stage.third()));
    Event open = stage.course().await("Open", migration.patience(), came(stage.third(), OPEN));
    Expect.equal(
        "contributors in the Open after that",
        List.of(stage.second().identity().uri()),
        open.as(OpenRequest.class).getContributorsList().stream()
            .map(PeerRef::getIdentity)
            .toList());
    prepare.letGo();
    migration.completed(stage.third());
  }

  private static DetachResponse madeUp(DetachResponse detach) {
    DetachResponse.Builder changed = detach.toBuilder();
    for (GenerationExtent.Builder each : changed.getBatchBuilder().getExtentsBuilderList()) {
      each.setGeneration(each.getGeneration() + MADE_UP);
    }
    return changed.build();
  }

  private static void madeUpPage(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    long page =
        trial.givenValue(
            "the contributor owes pages",
            () -> {
              OptionalLong waiting = migration.at(stage.first()).makeUpNext(MADE_UP);
              Expect.that("pages waiting", waiting.isPresent(), "some", "none");
              return waiting.getAsLong();
            });
    stage.first().relayGate().letGo();
    trial.given(
        "the made-up page reaches the destination",
        () ->
            Expect.eventually(
                "the page",
                migration.patience(),
                () -> migration.at(stage.second()).generationOf(page) >= MADE_UP));
    Expect.eventually(
        "the page again, under a higher generation",
        migration.patience(),
        () -> migration.at(stage.second()).generationOf(page) > MADE_UP);
    migration.completed(stage.second());
  }

  private static MigrateRequest.Builder limited(MigrateRequest.Builder request) {
    request
        .getOptionsBuilder()
        .getShareBuilder()
        .setMostBytesPerSecond(LIMIT)
        .setPriority(Priority.PRIORITY_HIGH);
    return request;
  }

  private static void shareTold(Trial trial) {
    Stage stage = trial.stage();
    stage.first().relayGate().stopAfter(1);
    Script.Held held = stage.first().script().hold(CHUNK, 3);
    TargetMigration migration = trial.moving().guest(0).to(stage.first(), PlanCases::limited);
    trial.given("pages flow", () -> place(trial, "pages", came(stage.first(), CHUNK)));
    trial.given(
        "a redirect is answered", () -> Expect.ok("Redirect", migration.redirect(stage.second())));
    place(trial, "Relay", went(stage.first(), "Relay"));
    held.letGo();
    Event relay = stage.course().await("Relay", migration.patience(), came(stage.first(), "Relay"));
    right("share in Relay", relay.as(RelayRequest.class).getHeader().getShare());
    Event status =
        stage
            .course()
            .await(
                "GetContributorStatus while it relays",
                migration.patience(),
                event ->
                    event.came(stage.first(), "GetContributorStatus")
                        && event.number() > relay.number());
    right("share in GetContributorStatus", status.as(GetContributorStatusRequest.class).getShare());
    stage.first().relayGate().letGo();
    migration.completed(stage.second());
  }

  private static void right(String what, TransferShare share) {
    Expect.equal(what + ": priority", Priority.PRIORITY_HIGH, share.getPriority());
    Expect.that(
        what + ": most_bytes_per_second",
        share.getMostBytesPerSecond() > 0 && share.getMostBytesPerSecond() <= LIMIT,
        "1 to " + LIMIT,
        Long.toUnsignedString(share.getMostBytesPerSecond()));
  }
}
