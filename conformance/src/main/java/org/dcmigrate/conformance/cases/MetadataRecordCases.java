package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CAPABILITY_MISSING;
import static org.dcmigrate.protocol.Reason.CHUNK_TOO_LARGE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.GUEST_INCOMPATIBLE;
import static org.dcmigrate.protocol.Reason.GUEST_UNSUPPORTED;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.function.Function;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.Geometry;
import org.dcmigrate.v1.GuestDescription;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.RamBlock;

/** Metadata batches with records that break a rule. */
final class MetadataRecordCases {
  private static final int MIB = 1 << 20;
  private static final int MOST_PROPERTIES = 256;
  private static final MetadataRecord PREAMBLE =
      MetadataRecord.newBuilder().setPreamble(ByteString.EMPTY).build();

  private MetadataRecordCases() {}

  /** Adds them. */
  static void add(List<Case> cases) {
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
        all -> MetadataCases.guest(all, guest -> guest.setKind("conformance-no-such-kind")),
        CAPABILITY_MISSING,
        GUEST_UNSUPPORTED,
        GUEST_INCOMPATIBLE);
    records(
        cases,
        "kind-empty",
        "no kind",
        all -> MetadataCases.guest(all, guest -> guest.setKind("")),
        FIELD_INVALID);
    records(
        cases,
        "properties-too-many",
        "257 properties",
        all -> MetadataCases.guest(all, MetadataRecordCases::manyProperties),
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
    MetadataCases.refused(
        cases,
        name,
        what,
        references,
        migration -> migration.batch(spoil.apply(migration.records())),
        reasons);
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
