package org.dcmigrate.conformance.play;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;

/** The guest that the tester pretends to move: small, stopped, and the same in every case. */
public final class TestGuest {
  /** Fewest pages of the first block: cases want a segment, and a part of another. */
  public static final long FEWEST_PAGES = 520;

  private static final long MOST_BYTES = 1L << 30;
  private static final long SYNTHETIC_STATE_MAGIC = 0x4443_4D53_5441_5431L;
  private static final int FIRST_BLOCK_PAGES = 1200;
  private static final int SECOND_BLOCK_PAGES = 80;

  private final GuestMetadata metadata;
  private final byte[] deviceState;

  private TestGuest(GuestMetadata metadata, byte[] deviceState) {
    this.metadata = metadata;
    this.deviceState = deviceState.clone();
  }

  /** A synthetic guest of 5 MiB that writes nothing. */
  public static TestGuest synthetic() {
    return new TestGuest(
        new GuestMetadata(
            "synthetic",
            new Geometry(
                List.of(
                    new RamBlock("ram", (long) FIRST_BLOCK_PAGES * Geometry.PAGE_BYTES),
                    new RamBlock("video", (long) SECOND_BLOCK_PAGES * Geometry.PAGE_BYTES))),
            new TreeMap<>(
                Map.of(
                    "seed",
                    "1",
                    "writes-per-second",
                    "0",
                    "pattern",
                    "uniform",
                    "zero-percent",
                    "0")),
            new byte[0]),
        ByteBuffer.allocate(3 * Long.BYTES)
            .putLong(SYNTHETIC_STATE_MAGIC)
            .putLong(1)
            .putLong(0)
            .array());
  }

  /**
   * A guest of another kind.
   *
   * @throws DcmException FIELD_INVALID where the blocks cannot be used
   */
  public static TestGuest of(
      String kind, Map<String, String> properties, List<RamBlock> blocks, byte[] deviceState)
      throws DcmException {
    Geometry geometry = Geometry.checked(blocks);
    if (blocks.getFirst().pages() < FEWEST_PAGES || geometry.totalBytes() > MOST_BYTES) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "the first block must have at least %d pages of 4096 bytes, and all blocks at most 1 GiB"
              .formatted(FEWEST_PAGES));
    }
    return new TestGuest(
        new GuestMetadata(kind, geometry, new TreeMap<>(properties), new byte[0]), deviceState);
  }

  /** What a destination is told about it. */
  public GuestMetadata metadata() {
    return metadata;
  }

  /** Its memory layout. */
  public Geometry geometry() {
    return metadata.geometry();
  }

  /** Its adapter. */
  public String kind() {
    return metadata.kind();
  }

  /** Number of pages of its first block. */
  public long firstBlockPages() {
    return geometry().blocks().getFirst().pages();
  }

  /** Its device state. */
  public byte[] deviceState() {
    return deviceState.clone();
  }
}
