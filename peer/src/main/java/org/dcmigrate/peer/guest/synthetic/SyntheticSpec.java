package org.dcmigrate.peer.guest.synthetic;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * What a synthetic guest is like.
 *
 * @param memoryBytes a multiple of 4096, 4096 to 2^46
 * @param writesPerSecond pages written per second; 0: none
 * @param seed decides all contents and the order of writes
 * @param zeroPercent share of pages that are zero at first, 0 to 100
 * @param repeatedPercent share of each page that is the same everywhere, 0 to 100: the rest cannot
 *     be compressed
 */
public record SyntheticSpec(
    long memoryBytes,
    long writesPerSecond,
    Pattern pattern,
    long seed,
    int zeroPercent,
    int repeatedPercent) {
  private static final String REPEATED_PERCENT = "repeated-percent";
  private static final long FEWEST_PAGES_FOR_TWO_BLOCKS = 16;
  private static final long MOST_WRITES_PER_SECOND = 1_000_000_000;

  /** Where the guest writes. */
  public enum Pattern {
    /** Everywhere alike. */
    UNIFORM,
    /** 90 % of the writes go to the first 10 % of the pages. */
    HOT;

    /** The name in configurations. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A guest whose pages cannot be compressed. */
  public SyntheticSpec(
      long memoryBytes, long writesPerSecond, Pattern pattern, long seed, int zeroPercent) {
    this(memoryBytes, writesPerSecond, pattern, seed, zeroPercent, 0);
  }

  public SyntheticSpec {
    check(
        memoryBytes >= Geometry.PAGE_BYTES
            && memoryBytes <= Geometry.MAX_BYTES
            && memoryBytes % Geometry.PAGE_BYTES == 0,
        "memory must be a multiple of 4096 bytes from 4096 to 2^46, but was " + memoryBytes);
    check(
        writesPerSecond >= 0 && writesPerSecond <= MOST_WRITES_PER_SECOND,
        "writes per second must be 0 to 10^9, but were " + writesPerSecond);
    check(
        zeroPercent >= 0 && zeroPercent <= 100,
        "the share of zero pages must be 0 to 100 percent, but was " + zeroPercent);
    check(
        repeatedPercent >= 0 && repeatedPercent <= 100,
        "the repeated share of pages must be 0 to 100 percent, but was " + repeatedPercent);
  }

  /** The memory layout: one block, or two where there are pages enough. */
  Geometry geometry() {
    long pages = memoryBytes / Geometry.PAGE_BYTES;
    if (pages < FEWEST_PAGES_FOR_TWO_BLOCKS) {
      return new Geometry(List.of(new RamBlock("ram", memoryBytes)));
    }
    long second = pages / FEWEST_PAGES_FOR_TWO_BLOCKS * Geometry.PAGE_BYTES;
    return new Geometry(
        List.of(new RamBlock("ram", memoryBytes - second), new RamBlock("video", second)));
  }

  /** What must be equal at both ends. */
  SortedMap<String, String> properties() {
    SortedMap<String, String> properties =
        new TreeMap<>(
            Map.of(
                "seed", Long.toString(seed),
                "writes-per-second", Long.toString(writesPerSecond),
                "pattern", pattern.text(),
                "zero-percent", Integer.toString(zeroPercent)));
    // A peer that does not know it takes the guest as long as it has nothing to know.
    if (repeatedPercent > 0) {
      properties.put(REPEATED_PERCENT, Integer.toString(repeatedPercent));
    }
    return properties;
  }

  /**
   * Reads what another peer's guest is like.
   *
   * @throws DcmException GUEST_INCOMPATIBLE
   */
  static SyntheticSpec parse(Map<String, String> properties, Geometry geometry)
      throws DcmException {
    try {
      SyntheticSpec spec =
          new SyntheticSpec(
              geometry.totalBytes(),
              Long.parseLong(property(properties, "writes-per-second")),
              Pattern.valueOf(property(properties, "pattern").toUpperCase(Locale.ROOT)),
              Long.parseLong(property(properties, "seed")),
              Integer.parseInt(property(properties, "zero-percent")),
              Integer.parseInt(properties.getOrDefault(REPEATED_PERCENT, "0")));
      if (spec.geometry().equals(geometry)) {
        return spec;
      }
    } catch (IllegalArgumentException malformed) {
      throw new DcmException(
          Reason.GUEST_INCOMPATIBLE,
          "the properties of the synthetic guest are malformed: "
              + Text.quote(String.valueOf(malformed.getMessage())),
          malformed);
    }
    throw new DcmException(
        Reason.GUEST_INCOMPATIBLE,
        "the RAM blocks of the synthetic guest are not those that its size gives here");
  }

  private static String property(Map<String, String> properties, String key) {
    return Optional.ofNullable(properties.get(key))
        .orElseThrow(() -> new IllegalArgumentException(key + " is missing"));
  }

  private static void check(boolean right, String wrong) {
    if (!right) {
      throw new IllegalArgumentException(wrong);
    }
  }
}
