package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CAPABILITY_MISSING;
import static org.dcmigrate.protocol.Reason.CHUNK_TOO_LARGE;
import static org.dcmigrate.protocol.Reason.EPOCH_STALE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.GUEST_INCOMPATIBLE;
import static org.dcmigrate.protocol.Reason.GUEST_UNSUPPORTED;
import static org.dcmigrate.protocol.Reason.STATE_CONFLICT;

import com.google.protobuf.ByteString;
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
import org.dcmigrate.v1.Geometry;
import org.dcmigrate.v1.GuestDescription;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.RamBlock;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.ResendMetadataResponse;

/** The metadata bulk-resend. */
public final class MetadataCases {
  private static final int MIB = 1 << 20;
  private static final int MOST_PROPERTIES = 256;
  private static final MetadataRecord PREAMBLE =
      MetadataRecord.newBuilder().setPreamble(ByteString.EMPTY).build();

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
    refusedRecords(cases);
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

  private static void refusedRecords(List<Case> cases) {
    records(cases, "geometry-missing", "no geometry", all -> all.subList(1, 3), FIELD_INVALID);
    records(
        cases,
        "geometry-not-first",
        "a geometry that comes second",
        all -> List.of(all.get(1), all.get(0), all.get(2)),
        FIELD_INVALID);
    records(
        cases,
        "geometry-twice",
        "two geometries",
        all -> List.of(all.get(0), all.get(0), all.get(1)),
        FIELD_INVALID);
    records(cases, "guest-missing", "no guest", all -> List.of(all.get(0)), FIELD_INVALID);
    records(
        cases,
        "guest-twice",
        "two guests",
        all -> List.of(all.get(0), all.get(1), all.get(1)),
        FIELD_INVALID);
    records(
        cases,
        "preamble-twice",
        "two preambles",
        all -> List.of(all.get(0), all.get(1), PREAMBLE, PREAMBLE),
        FIELD_INVALID);
    records(
        cases,
        "preamble-too-large",
        "a preamble of more than 1 MiB",
        all -> List.of(all.get(0), all.get(1), preamble(MIB + 1)),
        CHUNK_TOO_LARGE);
    records(
        cases,
        "record-of-no-kind",
        "a record whose kind is not set",
        all -> List.of(all.get(0), all.get(1), MetadataRecord.getDefaultInstance()),
        FIELD_INVALID);
    records(
        cases,
        "kind-unknown",
        "a kind of guest nobody runs",
        all -> guest(all, guest -> guest.setKind("conformance-no-such-kind")),
        CAPABILITY_MISSING,
        GUEST_UNSUPPORTED,
        GUEST_INCOMPATIBLE);
    records(
        cases,
        "kind-empty",
        "no kind",
        all -> guest(all, guest -> guest.setKind("")),
        FIELD_INVALID);
    records(
        cases,
        "properties-too-many",
        "257 properties",
        all -> guest(all, MetadataCases::manyProperties),
        FIELD_INVALID);
    records(cases, "blocks-none", "no blocks", all -> blocks(all, List.of()), FIELD_INVALID);
    records(
        cases,
        "block-size-odd",
        "a block of 4097 bytes",
        all -> blocks(all, List.of(block("ram", 4097))),
        FIELD_INVALID);
    records(
        cases,
        "block-size-zero",
        "an empty block",
        all -> blocks(all, List.of(block("ram", 0))),
        FIELD_INVALID);
    records(
        cases,
        "block-size-huge",
        "a block of 2^63 bytes",
        all -> blocks(all, List.of(block("ram", Long.MIN_VALUE))),
        FIELD_INVALID);
    records(
        cases,
        "memory-too-large",
        "2^46 + 4096 bytes in two blocks",
        all -> blocks(all, List.of(block("ram", 1L << 46), block("more", 4096))),
        FIELD_INVALID);
    records(
        cases,
        "block-names-equal",
        "two blocks of one name",
        all -> blocks(all, List.of(block("ram", 4096), block("ram", 4096))),
        FIELD_INVALID);
    records(
        cases,
        "block-name-empty",
        "a block without a name",
        all -> blocks(all, List.of(block("", 4096))),
        FIELD_INVALID);
    records(
        cases,
        "block-name-too-long",
        "a block's name of 256 bytes",
        all -> blocks(all, List.of(block("b".repeat(256), 4096))),
        FIELD_INVALID);
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

  private static void records(
      List<Case> cases,
      String name,
      String what,
      Function<List<MetadataRecord>, List<MetadataRecord>> spoil,
      Reason... reasons) {
    String references =
        name.startsWith("block") || name.startsWith("memory")
            ? "DCM-DAT-001 DCM-DAT-002"
            : "DCM-MTA-003 DCM-MTA-004";
    refused(
        cases,
        name,
        what,
        references,
        migration -> migration.batch(spoil.apply(migration.records())),
        reasons);
  }

  private static void batch(
      List<Case> cases,
      String name,
      String what,
      Function<TestMigration, List<ResendMetadataRequest>> spoilt) {
    refused(cases, name, what, "DCM-MTA-002", spoilt, FIELD_INVALID);
  }

  private static void refused(
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

  private static List<MetadataRecord> guest(
      List<MetadataRecord> records,
      Function<GuestDescription.Builder, GuestDescription.Builder> change) {
    GuestDescription.Builder guest = records.get(1).getGuest().toBuilder();
    MetadataRecord changed = MetadataRecord.newBuilder().setGuest(change.apply(guest)).build();
    return List.of(records.get(0), changed, records.get(2));
  }

  private static GuestDescription.Builder manyProperties(GuestDescription.Builder guest) {
    for (int i = 0; i <= MOST_PROPERTIES; i++) {
      guest.putProperties("p" + i, "");
    }
    return guest;
  }

  private static List<MetadataRecord> blocks(List<MetadataRecord> records, List<RamBlock> blocks) {
    MetadataRecord changed =
        MetadataRecord.newBuilder().setGeometry(Geometry.newBuilder().addAllBlocks(blocks)).build();
    return List.of(changed, records.get(1), records.get(2));
  }

  private static RamBlock block(String name, long sizeBytes) {
    return RamBlock.newBuilder().setName(name).setSizeBytes(sizeBytes).build();
  }

  private static MetadataRecord preamble(int bytes) {
    return MetadataRecord.newBuilder().setPreamble(ByteString.copyFrom(new byte[bytes])).build();
  }
}
