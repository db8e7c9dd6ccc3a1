package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.ATTEMPT_DISCARDED;
import static org.dcmigrate.protocol.Reason.CHECKSUM_MISMATCH;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import java.util.List;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;
import org.dcmigrate.v1.TransferServiceGrpc;

/** Transfers that are refused, or cut off. */
final class TransferCases {
  private static final PageChunk FIRST = Chunks.page(3, 5, 1);
  private static final PageChunk LATER = Chunks.page(3, 6, 2);

  private TransferCases() {}

  /** Adds them. */
  static void add(List<Case> cases) {
    messages(cases);
    transfer(cases, "stale-epoch", "of an older epoch", "DCM-STA-001 DCM-XFR-002", 4, EPOCH_STALE);
    transfer(cases, "epoch-not-open", "of an epoch not opened", "DCM-XFR-002", 6, STATE_CONFLICT);
    cases.add(
        Case.of(
            "transfer/destination/before-metadata",
            "a transfer before the metadata is refused",
            "DCM-XFR-002",
            TransferCases::beforeMetadata));
    cases.add(
        Case.of(
            "transfer/destination/superseded",
            "a transfer that runs when a higher epoch is opened stores nothing more",
            "DCM-STA-001 DCM-XFR-002 DCM-XFR-018",
            TransferCases::superseded));
    cases.add(
        Case.of(
            "transfer/destination/given-up",
            "a transfer that runs when its attempt is given up is refused with its next message",
            "DCM-XFR-018",
            TransferCases::givenUp));
    cases.add(
        Case.of(
            "transfer/destination/acknowledged-before-error",
            "what was acknowledged before a refusal stays held",
            "DCM-XFR-010",
            TransferCases::acknowledgedBeforeError));
  }

  private static void messages(List<Case> cases) {
    PageRefusalCases.refused(
        cases,
        "transfer/destination/chunk-first",
        "a transfer that begins with a chunk is refused",
        "DCM-XFR-001",
        migration -> List.of(TestMigration.message(Chunks.page(0, 9, 9))),
        FIELD_INVALID);
    PageRefusalCases.refused(
        cases,
        "transfer/destination/open-twice",
        "a second open in a transfer is refused",
        "DCM-XFR-001",
        migration -> List.of(migration.transferOpen(5), migration.transferOpen(5)),
        FIELD_INVALID);
    PageRefusalCases.refused(
        cases,
        "transfer/destination/message-not-set",
        "a transfer message that holds nothing is refused",
        "DCM-VER-006",
        migration -> List.of(migration.transferOpen(5), TransferRequest.getDefaultInstance()),
        FIELD_INVALID);
    PageRefusalCases.refused(
        cases,
        "transfer/destination/empty",
        "a transfer without any message is refused",
        "DCM-XFR-001",
        migration -> List.of(),
        FIELD_INVALID);
    PageRefusalCases.refused(
        cases,
        "transfer/destination/attempt-none",
        "a transfer without an attempt is refused",
        "DCM-ERR-008",
        migration ->
            List.of(
                TransferRequest.newBuilder()
                    .setOpen(org.dcmigrate.v1.TransferOpen.getDefaultInstance())
                    .build()),
        FIELD_INVALID);
  }

  private static void transfer(
      List<Case> cases, String name, String what, String references, long epoch, Reason reason) {
    PageRefusalCases.refused(
        cases,
        "transfer/destination/" + name,
        "a transfer " + what + " is refused",
        references,
        migration ->
            List.of(migration.transferOpen(epoch), TestMigration.message(Chunks.page(9, 9, 9))),
        reason);
  }

  private static void beforeMetadata(Trial trial) {
    TestMigration other = trial.receiving();
    trial.given("a page is stored after the metadata", () -> other.stored(FIRST));
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    Expect.refused("Transfer before the metadata", migration.transfer(FIRST), STATE_CONFLICT);
    trial.unchanged("the metadata are accepted", migration::described);
    trial.unchanged("nothing is held", migration::holdsWhatWasStored);
    trial.unchanged("the page is stored", () -> migration.stored(FIRST));
    trial.unchanged("it is held", migration::holdsWhatWasStored);
  }

  private static void superseded(Trial trial) {
    TestMigration migration = trial.receiving();
    Conversation<TransferRequest, TransferResponse> call =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    call.send(migration.transferOpen(1)).send(TestMigration.message(FIRST));
    trial.given(
        "a page of the older epoch is acknowledged",
        () ->
            Expect.that("Transfer", call.next().isPresent(), "an acknowledgement", "none in time"));
    migration.memory().apply(FIRST);
    migration.epoch(2);
    trial.given("a higher epoch is opened", migration::opened);
    trial.given("metadata are accepted", migration::described);
    call.send(TestMigration.message(LATER)).halfClose();
    Expect.refused("the older epoch's transfer", call.rest(), EPOCH_STALE);
    trial.unchanged("what is held is as before", migration::holdsWhatWasStored);
    trial.unchanged("the page is stored in the new epoch", () -> migration.stored(LATER));
    trial.unchanged("it is held", migration::holdsWhatWasStored);
  }

  private static void givenUp(Trial trial) {
    TestMigration migration = trial.receiving();
    Conversation<TransferRequest, TransferResponse> call =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    call.send(migration.transferOpen(1)).send(TestMigration.message(FIRST));
    trial.given(
        "a page is acknowledged",
        () ->
            Expect.that("Transfer", call.next().isPresent(), "an acknowledgement", "none in time"));
    trial.given("the attempt is given up", () -> Expect.ok("Abort", migration.abort()));
    call.send(TestMigration.message(LATER)).halfClose();
    Expect.refused("the transfer of the attempt", call.rest(), ATTEMPT_DISCARDED);
  }

  private static void acknowledgedBeforeError(Trial trial) {
    TestMigration migration = trial.receiving();
    Conversation<TransferRequest, TransferResponse> call =
        trial.begin(TransferServiceGrpc.getTransferMethod());
    call.send(migration.transferOpen(1)).send(TestMigration.message(FIRST));
    trial.given(
        "a page is acknowledged",
        () ->
            Expect.that("Transfer", call.next().isPresent(), "an acknowledgement", "none in time"));
    migration.memory().apply(FIRST);
    call.send(TestMigration.message(PageRefusalCases.flipped(LATER)));
    Expect.refused("Transfer", call.rest(), CHECKSUM_MISMATCH);
    trial.unchanged("what was acknowledged is held", migration::holdsWhatWasStored);
    trial.unchanged("a newer page is stored", () -> migration.stored(LATER));
  }
}
