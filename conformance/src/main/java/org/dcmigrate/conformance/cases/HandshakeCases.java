package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ALREADY_OPEN;
import static org.dcmigrate.protocol.Reason.CAPABILITY_MISSING;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.VERSION_MISMATCH;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PeerRef;

/** Open: versions, capabilities, fields, epochs. */
public final class HandshakeCases {
  private static final int TOO_MANY = 65;
  private static final String LONGEST_NAME = "n".repeat(63);

  private HandshakeCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    accepted(
        cases,
        "version-chosen",
        "an Open that offers version 1 alone gets it",
        "DCM-VER-001",
        (open, trial) -> {});
    accepted(
        cases,
        "version-among-others",
        "version 1 is chosen among versions of the future",
        "DCM-VER-002 DCM-VER-007",
        (open, trial) -> open.clearVersions().addVersions(-1).addVersions(7).addVersions(1));
    accepted(
        cases,
        "capability-offered",
        "a required capability that the target has is no obstacle",
        "DCM-CNF-001 DCM-VER-003",
        (open, trial) -> open.addRequiredCapabilities("guest." + trial.guest().kind()));
    accepted(
        cases,
        "lease-shortest",
        "a lease of 1000 ms is taken",
        "DCM-LSE-004",
        (open, trial) -> open.setLeaseMs(1000));
    accepted(
        cases,
        "lease-longest",
        "a lease of 3,600,000 ms is taken",
        "DCM-LSE-004",
        (open, trial) -> open.setLeaseMs(3_600_000));
    accepted(
        cases,
        "guest-name-longest",
        "a guest's name of 63 characters is taken",
        "DCM-ERR-008",
        (open, trial) -> open.setGuestName(LONGEST_NAME));
    accepted(
        cases,
        "contributors-most",
        "64 contributors are taken",
        "DCM-ERR-008",
        (open, trial) -> open.addAllContributors(contributors(TOO_MANY - 1)));
    refusals(cases);
    cases.add(
        Case.of(
            "handshake/destination/second-open",
            "a second Open of one epoch is refused",
            "DCM-OPN-002",
            HandshakeCases::secondOpen));
    cases.add(
        Case.of(
            "handshake/destination/older-epoch",
            "an Open of an older epoch is refused",
            "DCM-STA-001",
            HandshakeCases::olderEpoch));
    cases.add(
        Case.of(
            "handshake/destination/newer-epoch",
            "a peer that is opened again in a higher epoch keeps its pages and their generations",
            "DCM-RDR-012",
            HandshakeCases::newerEpoch));
    return cases;
  }

  private static void refusals(List<Case> cases) {
    refused(
        cases,
        "version-mismatch",
        "an Open without a version in common is refused",
        "DCM-VER-002",
        open -> open.clearVersions().addVersions(2).addVersions(-1),
        VERSION_MISMATCH);
    refused(
        cases,
        "version-none",
        "an Open without versions is refused",
        "DCM-VER-001 DCM-VER-002",
        OpenRequest.Builder::clearVersions,
        VERSION_MISMATCH,
        FIELD_INVALID);
    refused(
        cases,
        "capability-unknown",
        "an Open that requires a capability nobody knows is refused",
        "DCM-VER-003",
        open -> open.addRequiredCapabilities("conformance.no-such-thing"),
        CAPABILITY_MISSING);
    field(
        cases,
        "capabilities-too-many",
        "65 required capabilities",
        "DCM-ERR-008",
        open -> open.addAllRequiredCapabilities(Collections.nCopies(TOO_MANY, "contributor")));
    field(cases, "lease-none", "no lease", "DCM-LSE-004", OpenRequest.Builder::clearLeaseMs);
    field(cases, "lease-too-short", "999 ms", "DCM-LSE-004", open -> open.setLeaseMs(999));
    field(
        cases,
        "lease-too-long",
        "an hour and a millisecond",
        "DCM-LSE-004",
        open -> open.setLeaseMs(3_600_001));
    field(cases, "lease-huge", "2^32-1 ms", "DCM-LSE-004", open -> open.setLeaseMs(-1));
    field(cases, "guest-name-empty", "no name", "DCM-ERR-008", OpenRequest.Builder::clearGuestName);
    field(
        cases,
        "guest-name-too-long",
        "64 characters",
        "DCM-ERR-008",
        open -> open.setGuestName(LONGEST_NAME + "n"));
    field(
        cases, "guest-name-upper-case", "Guest", "DCM-ERR-008", open -> open.setGuestName("Guest"));
    field(cases, "guest-name-path", "../g", "DCM-ERR-008", open -> open.setGuestName("../g"));
    field(cases, "guest-name-newline", "a\\n", "DCM-ERR-008", open -> open.setGuestName("a\n"));
    field(
        cases,
        "digest-none",
        "no digest algorithm",
        "DCM-VER-005",
        OpenRequest.Builder::clearDigestAlgorithm);
    field(
        cases,
        "digest-unknown",
        "a digest algorithm nobody knows",
        "DCM-VER-005",
        open -> open.setDigestAlgorithmValue(77));
    field(
        cases,
        "contributors-too-many",
        "65 contributors",
        "DCM-ERR-008",
        open -> open.addAllContributors(contributors(TOO_MANY)));
    field(
        cases,
        "contributor-unnamed",
        "a contributor without an identity",
        "DCM-ERR-008",
        open -> open.addContributors(PeerRef.getDefaultInstance()));
    field(cases, "attempt-none", "no attempt", "DCM-ERR-008", OpenRequest.Builder::clearAttempt);
    field(
        cases,
        "epoch-zero",
        "epoch 0",
        "DCM-ERR-008",
        open -> open.getAttemptBuilder().setEpoch(0));
    field(
        cases,
        "epoch-too-high",
        "epoch 2^63",
        "DCM-ERR-008",
        open -> open.getAttemptBuilder().setEpoch(Long.MIN_VALUE));
    field(
        cases,
        "migration-id-upper-case",
        "an id that is not in canonical form",
        "DCM-ERR-008",
        open ->
            open.getAttemptBuilder()
                .setMigrationId(
                    "ABCDEF00"
                        + open.getAttempt()
                            .getMigrationId()
                            .substring(8)
                            .toUpperCase(Locale.ROOT)));
    field(
        cases,
        "migration-id-no-uuid",
        "an id that is no UUID",
        "DCM-ERR-008",
        open -> open.getAttemptBuilder().setMigrationId("../../../../../../../../../etc/passwd"));
  }

  private interface Change {
    void to(OpenRequest.Builder open, Trial trial);
  }

  private static void accepted(
      List<Case> cases, String name, String purpose, String references, Change change) {
    cases.add(
        Case.of(
            "handshake/destination/" + name,
            purpose,
            references,
            trial -> {
              TestMigration migration = trial.migration();
              OpenRequest.Builder open = migration.openRequest();
              change.to(open, trial);
              OpenResponse response = Expect.one("Open", migration.open(open.build()));
              Expect.equal("version chosen", 1, response.getVersion());
              Expect.equal("held_pages", 0L, response.getHeldPages());
              Expect.equal("state", "DESTINATION_STATE_OPENED", migration.state().name());
            }));
  }

  private static void field(
      List<Case> cases,
      String name,
      String what,
      String references,
      Consumer<OpenRequest.Builder> spoil) {
    refused(cases, name, "an Open is refused with: " + what, references, spoil, FIELD_INVALID);
  }

  private static void refused(
      List<Case> cases,
      String name,
      String purpose,
      String references,
      Consumer<OpenRequest.Builder> spoil,
      Reason... reasons) {
    cases.add(
        Case.of(
            "handshake/destination/" + name,
            purpose,
            references,
            trial -> {
              trial.given("a right Open is accepted", trial.migration()::opened);
              TestMigration migration = trial.migration();
              OpenRequest.Builder open = migration.openRequest();
              spoil.accept(open);
              Expect.refused("Open", migration.open(open.build()), reasons);
              trial.unchanged("the migration is not known", migration::unknown);
              trial.unchanged("the same Open, put right, is accepted", migration::opened);
            }));
  }

  private static void secondOpen(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    Expect.refused("second Open", migration.open(migration.openRequest().build()), ALREADY_OPEN);
    trial.unchanged("the page is held", migration::holdsWhatWasStored);
    trial.unchanged("pages are stored", () -> migration.stored(Chunks.page(4, 1, 2)));
  }

  private static void olderEpoch(Trial trial) {
    TestMigration migration = trial.migration().epoch(5);
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    OpenRequest older = migration.openRequest().setAttempt(migration.attempt(4)).build();
    Expect.refused("Open of epoch 4 after 5", migration.open(older), EPOCH_STALE);
    trial.unchanged("the page is held", migration::holdsWhatWasStored);
    trial.unchanged("pages are stored", () -> migration.stored(Chunks.page(4, 1, 2)));
  }

  private static void newerEpoch(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given(
        "pages are stored", () -> migration.stored(Chunks.page(3, 1, 1), Chunks.page(700, 9, 2)));
    migration.epoch(2);
    migration.opened();
    Inventories.check(trial, migration);
    migration.described();
    migration.holdsWhatWasStored();
    migration.stored(Chunks.page(700, 10, 3));
    migration.holdsWhatWasStored();
  }

  private static List<PeerRef> contributors(int count) {
    List<PeerRef> peers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      peers.add(PeerRef.newBuilder().setIdentity("spiffe://conformance.invalid/peer/" + i).build());
    }
    return peers;
  }
}
