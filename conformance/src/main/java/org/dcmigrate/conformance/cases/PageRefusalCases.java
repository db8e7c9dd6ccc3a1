package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CHECKSUM_MISMATCH;
import static org.dcmigrate.protocol.Reason.CHUNK_TOO_LARGE;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;
import static org.dcmigrate.protocol.Reason.GENERATION_CONFLICT;
import static org.dcmigrate.protocol.Reason.GENERATION_INVALID;
import static org.dcmigrate.protocol.Reason.LIMIT_EXCEEDED;
import static org.dcmigrate.protocol.Reason.PAGE_OUT_OF_RANGE;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.TransferRequest;

/** Pages that are refused. */
public final class PageRefusalCases {
  private static final int TOO_MANY_PAGES = 257;
  private static final PageChunk FIRST = Chunks.page(3, 5, 1);
  private static final PageChunk LATER = Chunks.page(3, 6, 2);

  private PageRefusalCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    ranges(cases);
    contents(cases);
    CompressionCases.add(cases);
    TransferCases.add(cases);
    return cases;
  }

  private static void ranges(List<Case> cases) {
    chunk(
        cases,
        "outside-block",
        "a page behind the end of its block",
        "DCM-DAT-003",
        guest -> Chunks.page(guest.firstBlockPages(), 1, 9),
        PAGE_OUT_OF_RANGE);
    chunk(
        cases,
        "across-block-end",
        "a run that begins inside of its block and ends outside",
        "DCM-DAT-003 DCM-XFR-006",
        guest -> Chunks.of(0, guest.firstBlockPages() - 2, 1, Chunks.content(9, 3)),
        PAGE_OUT_OF_RANGE);
    chunk(
        cases,
        "zero-run-too-long",
        "a zero run longer than its block",
        "DCM-DAT-003",
        guest -> Chunks.zero(0, 0, guest.firstBlockPages() + 1, 9),
        PAGE_OUT_OF_RANGE);
    chunk(
        cases,
        "first-page-huge",
        "first_page 2^64-1",
        "DCM-DAT-003",
        guest -> Chunks.page(-1, 1, 9),
        PAGE_OUT_OF_RANGE);
    chunk(
        cases,
        "page-count-huge",
        "a zero run of 2^63 pages",
        "DCM-DAT-003",
        guest -> Chunks.zero(0, 0, Long.MIN_VALUE, 9),
        PAGE_OUT_OF_RANGE);
    chunk(
        cases,
        "page-count-zero",
        "no pages, no payload",
        "DCM-DAT-003",
        guest -> Chunks.zero(0, 0, 0, 9),
        PAGE_OUT_OF_RANGE,
        FIELD_INVALID);
    chunk(
        cases,
        "unknown-block",
        "a block that does not exist",
        "DCM-DAT-003",
        guest -> Chunks.zero(guest.geometry().blocks().size(), 0, 1, 9),
        PAGE_OUT_OF_RANGE);
    chunk(
        cases,
        "block-huge",
        "block 2^32-1",
        "DCM-DAT-003",
        guest -> Chunks.zero(-1, 0, 1, 9),
        PAGE_OUT_OF_RANGE);
  }

  private static void contents(List<Case> cases) {
    chunk(
        cases,
        "generation-zero",
        "generation 0",
        "DCM-GEN-009",
        guest -> Chunks.page(0, 0, 9),
        GENERATION_INVALID);
    chunk(
        cases,
        "zero-run-generation-zero",
        "a zero run of generation 0",
        "DCM-GEN-009",
        guest -> Chunks.zero(0, 0, 1, 0),
        GENERATION_INVALID);
    chunk(
        cases,
        "same-generation-other-content",
        "the generation held with other contents",
        "DCM-GEN-006",
        guest -> Chunks.page(FIRST.getFirstPage(), FIRST.getGeneration(), 9),
        GENERATION_CONFLICT);
    chunk(
        cases,
        "same-generation-zero",
        "the generation held as zero page",
        "DCM-GEN-006",
        guest -> Chunks.zero(0, FIRST.getFirstPage(), 1, FIRST.getGeneration()),
        GENERATION_CONFLICT);
    chunk(
        cases,
        "oversize",
        "257 pages in one chunk",
        "DCM-XFR-004",
        guest -> Chunks.of(0, 0, 9, Chunks.content(9, TOO_MANY_PAGES)),
        CHUNK_TOO_LARGE,
        LIMIT_EXCEEDED);
    chunk(
        cases,
        "payload-not-whole-pages",
        "4097 bytes for one page",
        "DCM-XFR-004",
        guest -> payload(Chunks.page(0, 9, 9), Chunks.content(9, 2).substring(0, 4097)),
        FIELD_INVALID);
    chunk(
        cases,
        "payload-too-short",
        "4096 bytes for two pages",
        "DCM-XFR-004",
        guest -> Chunks.page(0, 9, 9).toBuilder().setPageCount(2).build(),
        FIELD_INVALID);
    chunk(
        cases,
        "payload-too-long",
        "8192 bytes for one page",
        "DCM-XFR-004",
        guest -> payload(Chunks.page(0, 9, 9), Chunks.content(9, 2)),
        FIELD_INVALID);
    chunk(
        cases,
        "checksum",
        "a payload of four pages with one bit flipped in the last: nothing of it is stored",
        "DCM-XFR-004 DCM-XFR-006",
        guest -> flipped(Chunks.of(0, 0, 9, Chunks.content(9, 4))),
        CHECKSUM_MISMATCH);
    chunk(
        cases,
        "checksum-none",
        "a payload without its checksum",
        "DCM-XFR-004",
        guest -> Chunks.page(0, 9, 9).toBuilder().clearPayloadCrc32C().build(),
        CHECKSUM_MISMATCH);
  }

  private static void chunk(
      List<Case> cases,
      String name,
      String what,
      String references,
      Function<TestGuest, PageChunk> spoilt,
      Reason... reasons) {
    cases.add(
        Case.of(
            "pages/destination/" + name,
            "a chunk is refused with: " + what,
            references,
            trial ->
                refused(
                    trial,
                    migration ->
                        List.of(
                            migration.transferOpen(5),
                            TestMigration.message(spoilt.apply(trial.guest()))),
                    reasons)));
  }

  static void refused(
      List<Case> cases,
      String name,
      String purpose,
      String references,
      Function<TestMigration, List<TransferRequest>> spoilt,
      Reason... reasons) {
    cases.add(Case.of(name, purpose, references, trial -> refused(trial, spoilt, reasons)));
  }

  static void refused(
      Trial trial, Function<TestMigration, List<TransferRequest>> spoilt, Reason... reasons) {
    TestMigration migration = trial.migration().epoch(5);
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.given("a page is stored", () -> migration.stored(FIRST));
    trial.given("it is told in inventory and digests", migration::holdsWhatWasStored);
    Expect.refused("Transfer", migration.transfer(spoilt.apply(migration)), reasons);
    trial.unchanged("what is held is as before", migration::holdsWhatWasStored);
    trial.unchanged("a newer page is stored", () -> migration.stored(LATER));
    trial.unchanged("it is held", migration::holdsWhatWasStored);
  }

  private static PageChunk payload(PageChunk chunk, ByteString payload) {
    return chunk.toBuilder().setPayload(payload).setPayloadCrc32C(Chunks.crc32c(payload)).build();
  }

  static PageChunk flipped(PageChunk chunk) {
    byte[] bytes = chunk.getPayload().toByteArray();
    bytes[bytes.length - Geometry.PAGE_BYTES / 2] ^= 1;
    return chunk.toBuilder().setPayload(ByteString.copyFrom(bytes)).build();
  }
}
