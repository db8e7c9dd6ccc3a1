package org.dcmigrate.conformance.cases;

import static org.dcmigrate.protocol.Reason.CAPABILITY_MISSING;
import static org.dcmigrate.protocol.Reason.CHECKSUM_MISMATCH;
import static org.dcmigrate.protocol.Reason.FIELD_INVALID;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.play.ZstdFrames;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.PeerServiceGrpc;

/** Compressed chunks: taken by a peer that says so, refused by all others and where malformed. */
final class CompressionCases {
  private static final String CAPABILITY = "compression.zstd";
  private static final int PAGE = Geometry.PAGE_BYTES;
  private static final int VALUE = 0x5a;
  private static final int UNKNOWN_COMPRESSION = 99;
  private static final int BOMB_BYTES = 64 << 20;

  private CompressionCases() {}

  /** Adds them. */
  static void add(List<Case> cases) {
    cases.add(
        Case.of(
            "pages/destination/compressed",
            "a compressed chunk is stored by a peer with " + CAPABILITY + ", and by no other",
            "DCM-XFR-013 DCM-XFR-014 DCM-XFR-015",
            CompressionCases::compressed));
    chunk(
        cases,
        "unknown",
        "a compression that nobody knows",
        "DCM-VER-005",
        right().toBuilder().setCompressionValue(UNKNOWN_COMPRESSION).build(),
        FIELD_INVALID);
    frame(
        cases,
        "no-size",
        "a frame that does not say the size of its content",
        ZstdFrames.withoutSize(2 * PAGE, VALUE),
        FIELD_INVALID);
    frame(
        cases,
        "other-size",
        "a frame of one page for two",
        ZstdFrames.run(PAGE, PAGE, VALUE),
        FIELD_INVALID);
    frame(
        cases,
        "window-too-large",
        "a frame with a window of 2 MiB",
        ZstdFrames.withWindow(21, 2 * PAGE, VALUE),
        FIELD_INVALID);
    frame(
        cases,
        "dictionary",
        "a frame that needs a dictionary",
        ZstdFrames.withDictionary(2 * PAGE, VALUE),
        FIELD_INVALID);
    frame(
        cases,
        "no-frame",
        "a payload that is no frame",
        Chunks.content(1, 1).substring(0, 100),
        FIELD_INVALID);
    frame(
        cases,
        "two-frames",
        "a frame with another behind it",
        ZstdFrames.run(2 * PAGE, 2 * PAGE, VALUE).concat(ZstdFrames.run(PAGE, PAGE, VALUE)),
        FIELD_INVALID);
    frame(
        cases,
        "not-smaller",
        "a payload longer than its pages",
        ZstdFrames.run(2 * PAGE, 2 * PAGE, VALUE).concat(Chunks.content(1, 2)),
        FIELD_INVALID);
    frame(
        cases,
        "bomb",
        "a frame that says to hold two pages and holds 64 MiB",
        ZstdFrames.run(2 * PAGE, BOMB_BYTES, VALUE),
        CHECKSUM_MISMATCH,
        FIELD_INVALID);
    frame(
        cases,
        "cut",
        "a frame without its end",
        ZstdFrames.run(2 * PAGE, 2 * PAGE, VALUE).substring(0, 12),
        CHECKSUM_MISMATCH,
        FIELD_INVALID);
    chunk(
        cases,
        "checksum",
        "the checksum of the frame instead of the pages",
        "DCM-XFR-004 DCM-XFR-006",
        right().toBuilder().setPayloadCrc32C(Chunks.crc32c(right().getPayload())).build(),
        CHECKSUM_MISMATCH);
  }

  /** Two pages of one byte. */
  private static ByteString contents() {
    byte[] bytes = new byte[2 * PAGE];
    Arrays.fill(bytes, (byte) VALUE);
    return ByteString.copyFrom(bytes);
  }

  private static PageChunk right() {
    return Chunks.of(0, 9, 9, contents()).toBuilder()
        .setCompression(PageCompression.PAGE_COMPRESSION_ZSTD)
        .setPayload(ZstdFrames.run(2 * PAGE, 2 * PAGE, VALUE))
        .build();
  }

  private static void frame(
      List<Case> cases, String name, String what, ByteString frame, Reason... reasons) {
    chunk(
        cases,
        name,
        what,
        "DCM-XFR-015 DCM-XFR-016",
        right().toBuilder().setPayload(frame).build(),
        reasons);
  }

  private static void chunk(
      List<Case> cases,
      String name,
      String what,
      String references,
      PageChunk spoilt,
      Reason... reasons) {
    cases.add(
        Case.of(
            "pages/destination/compressed-" + name,
            "a compressed chunk is refused with: " + what,
            references,
            trial -> refused(trial, spoilt, reasons)));
  }

  /** One that takes none may know the field or not: then the payload is too short for its pages. */
  private static void refused(Trial trial, PageChunk chunk, Reason... reasons) {
    PageRefusalCases.refused(
        trial,
        migration -> List.of(migration.transferOpen(5), TestMigration.message(chunk)),
        takesCompressed(trial) ? reasons : new Reason[] {CAPABILITY_MISSING, FIELD_INVALID});
  }

  private static void compressed(Trial trial) {
    if (!takesCompressed(trial)) {
      refused(trial, right());
      return;
    }
    TestMigration migration = trial.receiving();
    TestMigration.acknowledged(migration.transfer(right()), 1);
    migration.memory().apply(right().toBuilder().setPayload(contents()).build());
    migration.holdsWhatWasStored();
  }

  private static boolean takesCompressed(Trial trial) {
    return trial.givenValue(
        "GetPeer tells capabilities",
        () -> {
          List<GetPeerResponse> peer =
              Expect.ok(
                  "GetPeer",
                  trial.call(
                      PeerServiceGrpc.getGetPeerMethod(), GetPeerRequest.getDefaultInstance()));
          return peer.getFirst().getCapabilitiesList().contains(CAPABILITY);
        });
  }
}
