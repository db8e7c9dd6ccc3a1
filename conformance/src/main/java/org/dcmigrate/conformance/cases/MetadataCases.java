package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Conversation;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.DestinationServiceGrpc;
import org.dcmigrate.v1.GuestDescription;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;

/** The metadata bulk-resend. */
public final class MetadataCases {

  private MetadataCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    accepted(cases, "accepted", "the batch is accepted", records -> records);
    accepted(
        cases,
        "without-preamble",
        "a batch of geometry and guest alone is accepted",
        records -> records.subList(0, 2));
    accepted(
        cases,
        "other-order",
        "the records behind the geometry may come in any order",
        records -> List.of(records.get(0), records.get(2), records.get(1)));
    MetadataRecordCases.add(cases);
    refusedHeaders(cases);
    cases.add(
        Case.of(
            "metadata/destination/twice",
            "a second batch in one epoch is refused",
            "DCM-MTA-008",
            MetadataCases::twice));
    cases.add(
        Case.of(
            "metadata/destination/stale-epoch",
            "a batch of an older epoch is refused",
            "DCM-STA-001",
            trial -> otherEpoch(trial, 4, EPOCH_STALE)));
    cases.add(
        Case.of(
            "metadata/destination/epoch-not-open",
            "a batch of an epoch that was not opened is refused",
            "DCM-OPN-001 DCM-STA-002",
            trial -> otherEpoch(trial, 6, STATE_CONFLICT)));
    cases.add(
        Case.of(
            "metadata/destination/broken-off",
            "a batch that the source breaks off has no effect",
            "DCM-MTA-005",
            MetadataCases::brokenOff));
    cases.add(
        Case.of(
            "metadata/destination/changed",
            "metadata that differ from those of an earlier epoch are refused",
            "DCM-MTA-007",
            MetadataCases::changed));
    return cases;
  }

  private static void refusedHeaders(List<Case> cases) {
    batch(
        cases,
        "record-count-too-high",
        "fewer records than announced",
        migration -> migration.batch(migration.records(), 4));
    batch(
        cases,
        "record-count-too-low",
        "more records than announced",
        migration -> migration.batch(migration.records(), 2));
    batch(
        cases,
        "header-missing",
        "records without a header",
        migration -> {
          List<ResendMetadataRequest> right = migration.batch(migration.records());
          return right.subList(1, right.size());
        });
    batch(
        cases,
        "header-twice",
        "a second header",
        migration ->
            Stream.concat(
                    Stream.of(migration.metadataHeader(3)),
                    migration.batch(migration.records()).stream())
                .toList());
    batch(
        cases,
        "message-of-no-part",
        "a message whose part is not set",
        migration ->
            Stream.concat(
                    migration.batch(migration.records()).stream(),
                    Stream.of(ResendMetadataRequest.getDefaultInstance()))
                .toList());
    batch(cases, "empty-stream", "no message at all", migration -> List.of());
  }

  private static void accepted(
      List<Case> cases,
      String name,
      String purpose,
      Function<List<MetadataRecord>, List<MetadataRecord>> change) {
    cases.add(
        Case.of(
            "metadata/destination/" + name,
            purpose,
            "DCM-MTA-003 DCM-MTA-006",
            trial -> {
              TestMigration migration = trial.migration();
              trial.given("Open is accepted", migration::opened);
              Expect.one(
                  "ResendMetadata",
                  migration.resend(migration.batch(change.apply(migration.records()))));
              Expect.equal("state", "DESTINATION_STATE_RECEIVING", migration.state().name());
              migration.stored(Chunks.page(0, 1, 1));
              migration.holdsWhatWasStored();
            }));
  }

  private static void batch(
      List<Case> cases,
      String name,
      String what,
      Function<TestMigration, List<ResendMetadataRequest>> spoilt) {
    refused(cases, name, what, "DCM-MTA-002", spoilt, FIELD_INVALID);
  }

  static void refused(
      List<Case> cases,
      String name,
      String what,
      String references,
      Function<TestMigration, List<ResendMetadataRequest>> spoilt,
      Reason... reasons) {
    cases.add(
        Case.of(
            "metadata/destination/" + name,
            "a batch is refused with: " + what,
            references,
            trial -> {
              trial.receiving();
              TestMigration migration = trial.migration();
              trial.given("Open is accepted", migration::opened);
              Expect.refused("ResendMetadata", migration.resend(spoilt.apply(migration)), reasons);
              trial.unchanged(
                  "the state is OPENED",
                  () ->
                      Expect.equal("state", "DESTINATION_STATE_OPENED", migration.state().name()));
              trial.unchanged("the right batch is accepted", migration::described);
            }));
  }

  private static void twice(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    Expect.refused(
        "second ResendMetadata",
        migration.resend(migration.batch(migration.records())),
        STATE_CONFLICT);
    trial.unchanged("the page is held", migration::holdsWhatWasStored);
    trial.unchanged("pages are stored", () -> migration.stored(Chunks.page(4, 1, 2)));
  }

  private static void otherEpoch(Trial trial, long epoch, Reason reason) {
    trial.receiving();
    TestMigration migration = trial.migration().epoch(5);
    trial.given("Open is accepted", migration::opened);
    migration.epoch(epoch);
    Expect.refused(
        "ResendMetadata of epoch " + epoch + " in epoch 5",
        migration.resend(migration.batch(migration.records())),
        reason);
    migration.epoch(5);
    trial.unchanged("the batch is accepted in its epoch", migration::described);
  }

  private static void brokenOff(Trial trial) {
    TestMigration migration = trial.migration();
    trial.given("Open is accepted", migration::opened);
    Conversation<ResendMetadataRequest, ResendMetadataResponse> call =
        trial.begin(DestinationServiceGrpc.getResendMetadataMethod());
    migration.batch(migration.records()).forEach(call::send);
    Expect.equal("state before the end", "DESTINATION_STATE_OPENED", migration.state().name());
    call.cancel();
    Expect.equal("state", "DESTINATION_STATE_OPENED", migration.state().name());
    migration.described();
    migration.stored(Chunks.page(0, 1, 1));
    migration.holdsWhatWasStored();
  }

  private static void changed(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 1, 1)));
    migration.epoch(2);
    trial.given("a higher epoch is opened", migration::opened);
    Expect.refused(
        "ResendMetadata",
        migration.resend(
            migration.batch(
                guest(migration.records(), guest -> guest.putProperties("conformance", "1")))),
        FIELD_INVALID);
    trial.unchanged("the metadata as before are accepted", migration::described);
    trial.unchanged("the page is held", migration::holdsWhatWasStored);
  }

  static List<MetadataRecord> guest(
      List<MetadataRecord> records,
      Function<GuestDescription.Builder, GuestDescription.Builder> change) {
    GuestDescription.Builder guest = records.get(1).getGuest().toBuilder();
    MetadataRecord changed = MetadataRecord.newBuilder().setGuest(change.apply(guest)).build();
    return List.of(records.get(0), changed, records.get(2));
  }
}
