package org.dcmigrate.conformance.cases;

import static org.dcmigrate.conformance.cases.Flows.CHUNK;
import static org.dcmigrate.conformance.cases.Flows.METADATA;
import static org.dcmigrate.conformance.cases.Flows.OPEN;
import static org.dcmigrate.conformance.cases.Flows.PREPARE;
import static org.dcmigrate.conformance.cases.Flows.PREPARE_END;
import static org.dcmigrate.conformance.cases.Flows.came;
import static org.dcmigrate.conformance.cases.Flows.place;
import static org.dcmigrate.protocol.Reason.MIGRATION_FINISHED;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dcmigrate.conformance.play.CheckFailed;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.PlayedPeer;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.RedirectResponse;
import org.dcmigrate.v1.TransferRequest;

/** Redirects at each moment at which there can be one, and more of them than one. */
public final class RedirectMomentCases {
  // Of the 2048 of a guest; what is beyond them fits into one chunk.
  private static final long NEARLY_ALL_PAGES = 1800;
  private static final long ALL_PAGES = 2048;
  private static final long MANY_WRITES = 40_000;
  private static final int LONGEST_DOWNTIME_MS = 60_000;

  private RedirectMomentCases() {}

  /** All of them. */
  public static List<Case> all() {
    return List.of(
        Case.of(
            "redirect/source/guest-runs",
            "a redirect in a switchover sets the guest running again",
            "DCM-RDR-008",
            RedirectMomentCases::guestRuns),
        Case.of(
            "redirect/source/before-first-page",
            "a redirect before the first destination has opened",
            "DCM-RDR-001 DCM-RDR-015",
            RedirectMomentCases::beforeFirstPage),
        Case.of(
            "redirect/source/later-pass",
            "a redirect between passes over memory of a guest that writes",
            "DCM-RDR-008 DCM-GEN-001",
            RedirectMomentCases::laterPass),
        Case.of(
            "redirect/source/while-stopping",
            "a redirect of a guest that stands still while its last pages are being sent",
            "DCM-RDR-008",
            RedirectMomentCases::whileStopping),
        Case.of(
            "redirect/source/unacknowledged",
            "a redirect of a guest that stands still while its last pages are not acknowledged",
            "DCM-RDR-008",
            RedirectMomentCases::unacknowledged),
        Case.of(
            "redirect/source/double",
            "two redirects in a row: both earlier destinations are announced and detached",
            "DCM-RDR-002 DCM-RDR-006",
            RedirectMomentCases::twice),
        Case.of(
            "redirect/source/back",
            "a redirect back takes the pages held there into the plan",
            "DCM-RDR-013 DCM-PLN-001",
            RedirectMomentCases::back),
        Case.of(
            "redirect/source/after-commit",
            "Redirect after the end is refused and changes nothing",
            "DCM-STA-002",
            RedirectMomentCases::afterCommit));
  }

  private static void guestRuns(Trial trial) {
    Stage stage = trial.stage();
    Script.Held prepare = stage.first().script().hold(PREPARE_END);
    TargetMigration migration = trial.moving().guest(0).to(stage.first());
    trial.given("Prepare comes", () -> place(trial, "Prepare", came(stage.first(), PREPARE_END)));
    trial.given("the guest stands still", migration::standsStillAtSource);
    runsAgain(trial, migration);
    prepare.letGo();
    migration.completed(stage.second());
  }

  /** It may stop after the first pass, and has written more by then than a transport takes in. */
  private static void whileStopping(Trial trial) {
    stopping(trial, MANY_WRITES, ALL_PAGES);
  }

  private static void unacknowledged(Trial trial) {
    stopping(trial, 0, NEARLY_ALL_PAGES);
  }

  private static void stopping(Trial trial, long writesPerSecond, long pages) {
    Stage stage = trial.stage();
    Script.Held last = stage.first().script().holdAfterPages(pages);
    TargetMigration migration = trial.moving().guest(writesPerSecond);
    migration.to(
        stage.first(),
        request -> {
          request.getOptionsBuilder().setDowntimeLimitMs(LONGEST_DOWNTIME_MS);
          return request;
        });
    trial.given(
        "the last pages are under way",
        () -> Expect.eventually("pages", migration.patience(), last::isReached));
    try {
      migration.standsStillAtSource();
    } catch (CheckFailed late) {
      migration.runsAtSource();
      throw new NotApplicable("the target stops its guest only when all pages are acknowledged");
    }
    runsAgain(trial, migration);
    last.letGo();
    migration.completed(stage.second());
    Expect.that(
        "Prepare at the first destination",
        stage.course().first(came(stage.first(), PREPARE)).isEmpty(),
        "none",
        "one");
    Expect.equal(
        "Prepare at the second destination, which asks for nothing that is missing",
        1,
        stage.course().events(came(stage.second(), PREPARE)).size());
  }

  /** Redirects to the second destination; the guest runs while that one is asked. */
  private static void runsAgain(Trial trial, TargetMigration migration) {
    Stage stage = trial.stage();
    Script.Held metadata = stage.second().script().hold(METADATA);
    Conversation<RedirectRequest, RedirectResponse> redirect =
        migration.redirecting(stage.second());
    trial.given(
        "the new destination is asked", () -> Flows.opened(trial, migration, stage.second()));
    // Not only when the source has given the first destination up, which takes as long as silence.
    migration.runsAtSource(stage.silence().dividedBy(2));
    metadata.letGo();
    Expect.ok("Redirect", redirect.rest());
  }

  private static void beforeFirstPage(Trial trial) {
    Stage stage = trial.stage();
    Script.Held open = stage.first().script().hold(OPEN);
    TargetMigration migration = trial.moving().guest(0).to(stage.first());
    trial.given(
        "the first destination is asked", () -> Flows.opened(trial, migration, stage.first()));
    Conversation<RedirectRequest, RedirectResponse> redirect =
        migration.redirecting(stage.second());
    OpenRequest second = Flows.opened(trial, migration, stage.second());
    Expect.equal("epoch in Open of the redirect", 2L, second.getAttempt().getEpoch());
    open.letGo();
    Expect.ok("Redirect", redirect.rest());
    place(trial, "Abort at the first destination", came(stage.first(), "Abort"));
    migration.completed(stage.second());
  }

  private static void laterPass(Trial trial) {
    Stage stage = trial.stage();
    // More pages than the guest has: the second pass has begun, whatever the size of chunks.
    TargetMigration migration = trial.moving().guest(4000);
    Script.Held held = stage.first().script().hold(PREPARE);
    migration.to(stage.first(), RedirectMomentCases::slow);
    trial.given(
        "pages are sent again",
        () ->
            Expect.eventually(
                "second pass",
                migration.patience(),
                () -> migration.now().getProgress().getPass() > 1));
    Expect.ok("Redirect", migration.redirect(stage.second()));
    migration.runsAtSource();
    held.letGo();
    Expect.eventually(
        "all pages at the new destination",
        migration.patience(),
        () -> migration.at(stage.second()).missingPages() == 0);
    // Whether so short a downtime ever suffices depends on the host.
    Expect.ok("CancelMigration", migration.cancel());
    migration.runsAtSource();
    stage.emissions().checkRising();
  }

  /** So short a downtime that the guest does not stop before many passes. */
  private static MigrateRequest.Builder slow(MigrateRequest.Builder request) {
    request.getOptionsBuilder().setDowntimeLimitMs(1);
    return request;
  }

  private static void twice(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Expect.ok("second Redirect", migration.redirect(stage.third()));
    OpenRequest open = Flows.opened(trial, migration, stage.third());
    Expect.equal("epoch in the third Open", 3L, open.getAttempt().getEpoch());
    Expect.equal(
        "contributors in the third Open",
        Stream.of(stage.first(), stage.second())
            .map(peer -> peer.identity().uri())
            .sorted()
            .toList(),
        Flows.contributors(open));
    stage.first().relayGate().letGo();
    migration.completed(stage.third());
    for (PlayedPeer holder : List.of(stage.first(), stage.second())) {
      Expect.that(
          "Detach of epoch 3 at " + holder.name(),
          stage
              .course()
              .first(
                  event ->
                      event.came(holder, "Detach")
                          && event.as(DetachRequest.class).getAttempt().getEpoch() == 3)
              .isPresent(),
          "one",
          "none");
    }
  }

  private static void back(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Set<Long> held = Flows.inventoryOfDetach(trial, migration, stage.first());
    trial.given(
        "the first destination holds pages",
        () -> Expect.that("pages held", !held.isEmpty(), "some", "none"));
    int before = stage.course().events().size();
    Expect.ok("Redirect back", migration.redirect(stage.first()));
    int prepare = place(trial, "Prepare", came(stage.first(), PREPARE));
    Set<Long> again = new TreeSet<>();
    for (Event event : stage.course().events(came(stage.first(), CHUNK))) {
      if (event.number() > before && event.number() < prepare) {
        PageChunk chunk = event.as(TransferRequest.class).getChunk();
        Flows.add(migration, stage.first(), Flows.extent(chunk), again);
      }
    }
    again.retainAll(held);
    Expect.that(
        "pages sent again that the new destination held",
        again.isEmpty(),
        "none",
        Flows.text(again));
    stage.first().relayGate().letGo();
    migration.completed(stage.first());
  }

  private static void afterCommit(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = trial.moving().guest(0).to(stage.first());
    trial.given("the migration completes", () -> migration.completed(stage.first()));
    Expect.refused("Redirect", migration.redirect(stage.second()), MIGRATION_FINISHED);
    trial.unchanged("the migration is as before", () -> migration.completed(stage.first()));
    Expect.that(
        "Open at the other destination",
        stage.course().first(came(stage.second(), OPEN)).isEmpty(),
        "none",
        "one");
  }
}
