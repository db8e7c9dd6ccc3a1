package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CHECKSUM_MISMATCH;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.MIGRATION_UNKNOWN;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import java.util.List;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Inventories;
import org.dcmigrate.conformance.play.Switchover;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.TransferRequest;

/** What holds for all messages: fields of the future, the form of errors, their order. */
public final class FormCases {
  private static final int FUTURE_FIELD = 1000;
  private static final UnknownFieldSet FUTURE =
      UnknownFieldSet.newBuilder()
          .addField(
              FUTURE_FIELD,
              UnknownFieldSet.Field.newBuilder()
                  .addVarint(7)
                  .addFixed32(1)
                  .addFixed64(2)
                  .addLengthDelimited(ByteString.copyFromUtf8("of the future"))
                  .build())
          .build();

  private FormCases() {}

  /** All of them. */
  public static List<Case> all() {
    return List.of(
        Case.of(
            "future/destination/open",
            "fields of the future in Open and its attempt are passed over",
            "DCM-VER-004",
            FormCases::open),
        Case.of(
            "future/destination/metadata",
            "fields of the future in the metadata batch are passed over",
            "DCM-VER-004",
            FormCases::metadata),
        Case.of(
            "future/destination/transfer",
            "fields of the future in a transfer are passed over",
            "DCM-VER-004",
            FormCases::transfer),
        Case.of(
            "future/destination/status",
            "fields of the future in a status request are passed over",
            "DCM-VER-004",
            FormCases::status),
        Case.of(
            "errors/destination/form",
            "refusals of all kinds of calls carry one ErrorInfo, its domain, reason and code",
            "DCM-ERR-001 DCM-ERR-002",
            FormCases::form),
        Case.of(
            "errors/destination/order",
            "of several errors that apply, the first by the specification's order is told",
            "DCM-ERR-005",
            FormCases::order));
  }

  private static void open(Trial trial) {
    trial.given("a right Open is accepted", trial.migration()::opened);
    TestMigration migration = trial.migration();
    OpenRequest.Builder request = migration.openRequest().setUnknownFields(FUTURE);
    request.getAttemptBuilder().setUnknownFields(FUTURE);
    Expect.equal("version", 1, Expect.one("Open", migration.open(request.build())).getVersion());
    migration.described();
  }

  private static void metadata(Trial trial) {
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    List<ResendMetadataRequest> batch =
        migration.batch(migration.records()).stream()
            .map(
                message -> {
                  ResendMetadataRequest.Builder future =
                      message.toBuilder().setUnknownFields(FUTURE);
                  if (future.hasRecord()) {
                    future.getRecordBuilder().setUnknownFields(FUTURE);
                  }
                  return future.build();
                })
            .toList();
    Expect.one("ResendMetadata", migration.resend(batch));
    migration.stored(Chunks.page(3, 1, 1));
  }

  private static void transfer(Trial trial) {
    TestMigration migration = trial.receiving();
    PageChunk chunk = Chunks.page(3, 1, 1);
    List<TransferRequest> messages =
        List.of(
            migration.transferOpen(1).toBuilder().setUnknownFields(FUTURE).build(),
            TestMigration.message(chunk.toBuilder().setUnknownFields(FUTURE).build()).toBuilder()
                .setUnknownFields(FUTURE)
                .build());
    TestMigration.acknowledged(migration.transfer(messages), 1);
    migration.memory().apply(chunk);
    migration.holdsWhatWasStored();
  }

  private static void status(Trial trial) {
    TestMigration migration = trial.receiving();
    Expect.equal(
        "state",
        "DESTINATION_STATE_RECEIVING",
        Expect.one(
                "GetDestinationStatus",
                trial.call(
                    DestinationServiceGrpc.getGetDestinationStatusMethod(),
                    GetDestinationStatusRequest.newBuilder()
                        .setAttempt(migration.attempt())
                        .setUnknownFields(FUTURE)
                        .build()))
            .getState()
            .name());
  }

  private static void form(Trial trial) {
    TestMigration migration = trial.migration().epoch(5);
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.migration().unknown();
    Expect.refused("unary", migration.open(OpenRequest.getDefaultInstance()), FIELD_INVALID);
    Expect.refused(
        "client streaming", migration.resend(migration.batch(migration.records())), STATE_CONFLICT);
    Expect.refused(
        "server streaming", Inventories.ask(trial, trial.migration()), MIGRATION_UNKNOWN);
    Expect.refused(
        "both streaming",
        migration.transfer(Chunks.page(1, 1, 1).toBuilder().setPayloadCrc32C(1).build()),
        CHECKSUM_MISMATCH);
    Switchover.begin(trial, migration.epoch(4)).commit(0).refused("switchover", EPOCH_STALE);
    migration.epoch(5);
    trial.unchanged("nothing is held", migration::holdsWhatWasStored);
    trial.unchanged("a page is stored", () -> migration.stored(Chunks.page(1, 1, 1)));
  }

  private static void order(Trial trial) {
    TestMigration migration = trial.migration().epoch(5);
    trial.given("Open and metadata are accepted", migration::receiving);
    Expect.refused(
        "Open of an older epoch with a malformed name (field before epoch)",
        migration.open(
            migration.openRequest().setAttempt(migration.attempt(4)).setGuestName("NO").build()),
        FIELD_INVALID);
    Expect.refused(
        "second metadata batch of an older epoch (epoch before state)",
        migration.epoch(4).resend(migration.batch(migration.records())),
        EPOCH_STALE);
    Expect.refused(
        "metadata batch without records for a random migration (field before migration)",
        trial.migration().resend(List.of()),
        FIELD_INVALID);
    migration.epoch(5);
    trial.unchanged("nothing is held", migration::holdsWhatWasStored);
    trial.unchanged("a page is stored", () -> migration.stored(Chunks.page(1, 1, 1)));
  }
}
