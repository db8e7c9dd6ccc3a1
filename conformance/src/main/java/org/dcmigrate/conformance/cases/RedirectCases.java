package org.dcmigrate.conformance.cases;

import static org.dcmigrate.conformance.cases.Flows.CHUNK;
import static org.dcmigrate.conformance.cases.Flows.COMMIT;
import static org.dcmigrate.conformance.cases.Flows.METADATA;
import static org.dcmigrate.conformance.cases.Flows.OPEN;
import static org.dcmigrate.conformance.cases.Flows.PREPARE;
import static org.dcmigrate.conformance.cases.Flows.PREPARE_END;
import static org.dcmigrate.conformance.cases.Flows.came;
import static org.dcmigrate.conformance.cases.Flows.place;
import static org.dcmigrate.conformance.cases.Flows.went;
import static org.dcmigrate.protocol.Reason.DEADLINE_PASSED;
import static org.dcmigrate.protocol.Reason.DESTINATION_IS_CURRENT;
import static org.dcmigrate.protocol.Reason.DESTINATION_IS_SOURCE;
import static org.dcmigrate.protocol.Reason.GUEST_INCOMPATIBLE;
import static org.dcmigrate.protocol.Reason.IDENTITY_INVALID;
import static org.dcmigrate.protocol.Reason.IDENTITY_NOT_ADMITTED;
import static org.dcmigrate.protocol.Reason.LIMIT_EXCEEDED;
import static org.dcmigrate.protocol.Reason.PEER_UNREACHABLE;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;
import static org.dcmigrate.protocol.Reason.TOO_LATE;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dcmigrate.conformance.cases.Flows.Stuck;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Course.Event;
import org.dcmigrate.conformance.play.Course.Kind;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.PlayedPeer;
import org.dcmigrate.conformance.play.Script;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.TargetMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.RedirectRequest;
import org.dcmigrate.v1.RedirectResponse;
import org.dcmigrate.v1.SwitchoverRequest;

/** The target as source of migrations whose destination is changed: in which order, or not. */
public final class RedirectCases {
  private RedirectCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.addAll(turning());
    cases.addAll(refused());
    return cases;
  }

  private static List<Case> turning() {
    return List.of(
        Case.of(
            "redirect/source/higher-epoch",
            "a redirect takes an epoch higher than every one before",
            "DCM-RDR-001",
            RedirectCases::higherEpoch),
        Case.of(
            "redirect/source/holders-announced",
            "Open announces all others that may hold pages as contributors",
            "DCM-RDR-002",
            RedirectCases::holdersAnnounced),
        Case.of(
            "redirect/source/pages-go-on",
            "pages go on to the old destination until the new one has accepted",
            "DCM-RDR-003",
            RedirectCases::pagesGoOn),
        Case.of(
            "redirect/source/no-switchover",
            "no switchover to the old destination while a new one is asked",
            "DCM-RDR-004",
            RedirectCases::noSwitchover),
        Case.of(
            "redirect/source/stopped-before-detach",
            "the transfer to the old destination ends before Detach",
            "DCM-RDR-005",
            RedirectCases::stoppedBeforeDetach),
        Case.of(
            "redirect/source/detached-before-plan",
            "every other holder is detached before pages or Relay are sent",
            "DCM-RDR-006",
            RedirectCases::detachedBeforePlan),
        Case.of(
            "redirect/source/answered-late",
            "Redirect is answered only when the new destination has accepted the metadata",
            "DCM-RDR-007",
            RedirectCases::answeredLate),
        Case.of(
            "redirect/source/same-metadata",
            "each destination gets the same records",
            "DCM-MTA-001",
            RedirectCases::sameMetadata));
  }

  private static List<Case> refused() {
    return List.of(
        Case.of(
            "redirect/source/second-refused",
            "a second Redirect while one is asked for is refused",
            "DCM-RDR-009",
            RedirectCases::secondRefused),
        Case.of(
            "redirect/source/too-late",
            "Redirect after the sealing is refused",
            "DCM-RDR-010 DCM-DEC-010",
            trial -> tooLate(trial, true)),
        Case.of(
            "cancel/source/too-late",
            "Cancel after the sealing is refused",
            "DCM-CAN-003 DCM-DEC-010",
            trial -> tooLate(trial, false)),
        Case.of(
            "redirect/source/goes-on-after-refusal",
            "after a redirect that was refused the migration goes on in its epoch",
            "DCM-RDR-014",
            RedirectCases::goesOnAfterRefusal),
        Case.of(
            "redirect/source/dead-peer",
            "after a redirect to a peer that is gone the migration goes on in its epoch",
            "DCM-RDR-014",
            RedirectCases::deadPeer),
        Case.of(
            "redirect/source/wrong-identity",
            "a redirect to a peer in whose place another listens reaches nobody, and goes on",
            "DCM-SEC-005 DCM-RDR-014",
            RedirectCases::wrongIdentity),
        Case.of(
            "redirect/source/refusing-peer-aborted",
            "a peer that refused gets an Abort of the epoch that failed",
            "DCM-RDR-015",
            RedirectCases::refusingPeerAborted),
        Case.of(
            "redirect/source/refusing-contributor-lost",
            "a contributor that was asked in vain is lost: the source sends what it owed",
            "DCM-RDR-016",
            RedirectCases::refusingContributorLost),
        Case.of(
            "redirect/source/to-itself",
            "Redirect to the source or the current destination is refused",
            "DCM-STA-002",
            RedirectCases::toItself));
  }

  private static void higherEpoch(Trial trial) {
    TargetMigration migration = Flows.redirected(trial, 0);
    long epoch = Flows.opened(trial, migration, trial.stage().second()).getAttempt().getEpoch();
    Expect.that("epoch in Open of the redirect", epoch > 1, "above 1", Long.toString(epoch));
    migration.completed(trial.stage().second());
  }

  private static void holdersAnnounced(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.redirected(trial, 0);
    Expect.equal(
        "contributors in Open of the redirect",
        List.of(stage.first().identity().uri()),
        Flows.contributors(Flows.opened(trial, migration, stage.second())));
    Expect.equal(
        "contributors in the first Open",
        List.of(),
        Flows.contributors(Flows.opened(trial, migration, stage.first())));
    migration.completed(stage.second());
  }

  private static void pagesGoOn(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    Script.Held open = stage.second().script().hold(OPEN);
    Conversation<RedirectRequest, RedirectResponse> redirect =
        stuck.migration().redirecting(stage.second());
    trial.given(
        "the new destination is asked",
        () -> Flows.opened(trial, stuck.migration(), stage.second()));
    stuck.held().letGo();
    Expect.eventually(
        "all pages at the old destination, while the new one has not accepted",
        stuck.migration().patience(),
        () -> stuck.migration().at(stage.first()).missingPages() == 0);
    open.letGo();
    Expect.ok("Redirect", redirect.rest());
    stuck.migration().completed(stage.second());
  }

  private static void noSwitchover(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    Script.Held open = stage.second().script().hold(OPEN);
    Script.Held prepared = stage.first().script().hold(PREPARE_END);
    int since = stage.course().events().size();
    Conversation<RedirectRequest, RedirectResponse> redirect =
        stuck.migration().redirecting(stage.second());
    trial.given(
        "the new destination is asked",
        () -> Flows.opened(trial, stuck.migration(), stage.second()));
    stuck.held().letGo();
    trial.given(
        "all pages get to the old destination",
        () ->
            Expect.eventually(
                "pages",
                stuck.migration().patience(),
                () -> stuck.migration().at(stage.first()).missingPages() == 0));
    Flows.notSince(
        since,
        trial,
        stuck.migration(),
        "Prepare at the old destination while the new one is asked",
        came(stage.first(), PREPARE));
    open.letGo();
    prepared.letGo();
    Expect.ok("Redirect", redirect.rest());
    stuck.migration().completed(stage.second());
  }

  private static void stoppedBeforeDetach(Trial trial) {
    PlayedPeer first = trial.stage().first();
    TargetMigration migration = Flows.redirected(trial, 0);
    int detach = place(trial, "Detach", came(first, "Detach"));
    Expect.that(
        "end of the transfer to the old destination",
        trial
            .stage()
            .course()
            .first(
                event ->
                    event.peer().equals(first.name())
                        && event.step().equals("Transfer")
                        && (event.kind() == Kind.BROKEN_OFF || event.kind() == Kind.ENDED)
                        && event.number() < detach)
            .isPresent(),
        "before Detach",
        "not before Detach");
    migration.completed(trial.stage().second());
  }

  private static void detachedBeforePlan(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.redirected(trial, 0);
    int detached = place(trial, "answer to Detach", went(stage.first(), "Detach"));
    int pages = place(trial, "pages", came(stage.second(), CHUNK));
    int relay = place(trial, "Relay", came(stage.first(), "Relay"));
    Expect.that(
        "Detach", detached < Math.min(pages, relay), "answered before pages and Relay", "after");
    migration.completed(stage.second());
  }

  private static void answeredLate(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    Script.Held metadata = stage.second().script().hold(METADATA);
    Conversation<RedirectRequest, RedirectResponse> redirect =
        stuck.migration().redirecting(stage.second());
    trial.given(
        "the new destination gets the metadata",
        () -> place(trial, "ResendMetadata", came(stage.second(), METADATA)));
    Flows.notMeanwhile(trial, stuck.migration(), "nothing at all", event -> false);
    Expect.that(
        "answer to Redirect", !redirect.hasAnswer(), "none before the metadata", "there already");
    metadata.letGo();
    Expect.ok("Redirect", redirect.rest());
    stuck.migration().completed(stage.second());
  }

  private static void sameMetadata(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.redirected(trial, 0);
    Expect.equal(
        "records of metadata at the new destination",
        migration.at(stage.first()).records(),
        migration.at(stage.second()).records());
    migration.completed(stage.second());
  }

  private static void secondRefused(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    Script.Held open = stage.second().script().hold(OPEN);
    Conversation<RedirectRequest, RedirectResponse> redirect =
        stuck.migration().redirecting(stage.second());
    trial.given(
        "the new destination is asked",
        () -> Flows.opened(trial, stuck.migration(), stage.second()));
    Expect.refused("second Redirect", stuck.migration().redirect(stage.third()), STATE_CONFLICT);
    open.letGo();
    trial.unchanged("the first Redirect", () -> Expect.ok("Redirect", redirect.rest()));
    stuck.migration().completed(stage.second());
  }

  private static void tooLate(Trial trial, boolean redirect) {
    Stage stage = trial.stage();
    Script.Held commit = stage.first().script().hold(COMMIT);
    TargetMigration migration = trial.moving().guest(0).to(stage.first());
    trial.given("Commit comes", () -> place(trial, "Commit", came(stage.first(), COMMIT)));
    if (redirect) {
      Expect.refused("Redirect", migration.redirect(stage.second()), TOO_LATE);
    } else {
      Expect.refused("CancelMigration", migration.cancel(), TOO_LATE);
    }
    commit.letGo();
    trial.unchanged("the migration completes", () -> migration.completed(stage.first()));
    Expect.that(
        "Open at the other destination",
        stage.course().first(came(stage.second(), OPEN)).isEmpty(),
        "none",
        "one");
  }

  /** A redirect in the middle that the second destination refuses. */
  private static Stuck refusedRedirect(Trial trial) {
    Stage stage = trial.stage();
    stage.second().script().refuse(OPEN, LIMIT_EXCEEDED);
    Stuck stuck = Flows.midBulk(trial, 0);
    Expect.refused("Redirect", stuck.migration().redirect(stage.second()), LIMIT_EXCEEDED);
    return stuck;
  }

  private static void goesOnAfterRefusal(Trial trial) {
    goesOn(trial, refusedRedirect(trial));
  }

  private static void deadPeer(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    stage.second().vanish();
    Expect.refused(
        "Redirect", stuck.migration().redirect(stage.second()), PEER_UNREACHABLE, DEADLINE_PASSED);
    goesOn(trial, stuck);
  }

  private static void wrongIdentity(Trial trial) {
    Stage stage = trial.stage();
    trial.requireTls("without it nothing shows who listens");
    Stuck stuck = Flows.midBulk(trial, 0);
    stage.second().replacedBy(stage.third());
    Expect.refused(
        "Redirect",
        stuck.migration().redirect(stage.second()),
        IDENTITY_INVALID,
        IDENTITY_NOT_ADMITTED,
        PEER_UNREACHABLE,
        DEADLINE_PASSED);
    Expect.that(
        "Open at the impostor",
        stage.course().first(came(stage.second(), OPEN)).isEmpty(),
        "none",
        "one");
    goesOn(trial, stuck);
  }

  private static void goesOn(Trial trial, Stuck stuck) {
    PlayedPeer first = trial.stage().first();
    stuck.held().letGo();
    stuck.migration().completed(first);
    Event prepare =
        trial.stage().course().await("Prepare", stuck.migration().patience(), came(first, PREPARE));
    Expect.equal(
        "epoch in Prepare",
        1L,
        prepare.as(SwitchoverRequest.class).getPrepare().getAttempt().getEpoch());
  }

  private static void refusingPeerAborted(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = refusedRedirect(trial);
    AbortRequest abort =
        stage
            .course()
            .await("Abort", stuck.migration().patience(), came(stage.second(), "Abort"))
            .as(AbortRequest.class);
    long opened = Flows.opened(trial, stuck.migration(), stage.second()).getAttempt().getEpoch();
    Expect.equal("epoch in Abort", opened, abort.getAttempt().getEpoch());
    stuck.held().letGo();
    stuck.migration().completed(stage.first());
  }

  private static void refusingContributorLost(Trial trial) {
    Stage stage = trial.stage();
    TargetMigration migration = Flows.relaying(trial, 0, 1);
    Set<Long> owed = Flows.named(trial, migration, stage.first());
    stage.first().script().refuse(METADATA, GUEST_INCOMPATIBLE);
    Expect.refused("Redirect back", migration.redirect(stage.first()), GUEST_INCOMPATIBLE);
    int prepare = place(trial, "Prepare", came(stage.second(), PREPARE));
    Set<Long> lacking = new TreeSet<>(owed);
    lacking.removeAll(Flows.sent(trial, migration, stage.second(), prepare));
    // One page came by the relay before it stopped.
    Expect.that(
        "pages owed by the lost contributor that the source did not send",
        lacking.size() <= 1,
        "none but the one that was relayed",
        Flows.text(lacking));
    migration.completed(stage.second());
  }

  private static void toItself(Trial trial) {
    Stage stage = trial.stage();
    Stuck stuck = Flows.midBulk(trial, 0);
    Expect.refused(
        "Redirect to the current destination",
        stuck.migration().redirect(stage.first()),
        DESTINATION_IS_CURRENT);
    String source = stuck.migration().now().getSource();
    Expect.refused(
        "Redirect to the source", stuck.migration().redirect(source), DESTINATION_IS_SOURCE);
    stuck.held().letGo();
    trial.unchanged("the migration completes", () -> stuck.migration().completed(stage.first()));
  }
}
