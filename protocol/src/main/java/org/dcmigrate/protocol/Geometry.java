package org.dcmigrate.protocol;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A guest's memory: its blocks, in the order that gives them their numbers. Pages are also counted
 * through all blocks; that number is called a page's <em>index</em>.
 */
public record Geometry(List<RamBlock> blocks) {
  /** Size of a page. */
  public static final int PAGE_BYTES = 4096;

  /** Most blocks a guest may have. */
  public static final int MAX_BLOCKS = 4096;

  /** Most memory a guest may have, over all blocks. */
  public static final long MAX_BYTES = 1L << 46;

  private static final int MAX_NAME_BYTES = 255;

  public Geometry {
    blocks = List.copyOf(blocks);
  }

  /**
   * Checks a geometry that came from outside.
   *
   * @throws DcmException FIELD_INVALID with what is wrong
   */
  public static Geometry checked(List<RamBlock> blocks) throws DcmException {
    if (blocks.isEmpty() || blocks.size() > MAX_BLOCKS) {
      throw invalid(
          "a guest must have 1 to " + MAX_BLOCKS + " RAM blocks, but has " + blocks.size());
    }
    Set<String> names = new HashSet<>();
    long total = 0;
    for (RamBlock block : blocks) {
      int nameBytes = block.name().getBytes(StandardCharsets.UTF_8).length;
      if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) {
        throw invalid("a RAM block's name must have 1 to 255 bytes, but has " + nameBytes);
      }
      if (block.name().chars().anyMatch(Character::isISOControl)) {
        throw invalid(
            "a RAM block's name must have no control characters, but was "
                + Text.quote(block.name()));
      }
      if (!names.add(block.name())) {
        throw invalid(
            "RAM block names must differ, but " + Text.quote(block.name()) + " came twice");
      }
      long size = block.sizeBytes();
      if (size < PAGE_BYTES || size % PAGE_BYTES != 0 || size > MAX_BYTES) {
        throw invalid(
            "size of RAM block "
                + Text.quote(block.name())
                + " must be a multiple of 4096 from 4096 to 2^46, but was "
                + size);
      }
      total += size;
      if (total > MAX_BYTES) {
        throw invalid("a guest's memory must not exceed 2^46 bytes");
      }
    }
    return new Geometry(blocks);
  }

  /** Number of pages of all blocks. */
  public long totalPages() {
    return totalBytes() / PAGE_BYTES;
  }

  /** Bytes of all blocks. */
  public long totalBytes() {
    return blocks.stream().mapToLong(RamBlock::sizeBytes).sum();
  }

  /** For each block, the index of its first page. */
  public long[] firstIndexes() {
    long[] first = new long[blocks.size()];
    for (int i = 1; i < first.length; i++) {
      first[i] = first[i - 1] + blocks.get(i - 1).pages();
    }
    return first;
  }

  /**
   * Checks that a run of pages lies inside its block.
   *
   * @throws DcmException PAGE_OUT_OF_RANGE with what was expected and what came
   */
  public void check(Extent extent) throws DcmException {
    if (extent.block() < 0 || extent.block() >= blocks.size()) {
      throw new DcmException(
          Reason.PAGE_OUT_OF_RANGE,
          "block must be 0 to " + (blocks.size() - 1) + ", but was " + extent.block());
    }
    RamBlock block = blocks.get(extent.block());
    long pages = block.pages();
    if (extent.pageCount() < 1
        || extent.firstPage() < 0
        || extent.firstPage() >= pages
        || extent.pageCount() > pages - extent.firstPage()) {
      throw new DcmException(
          Reason.PAGE_OUT_OF_RANGE,
          "pages must lie in 0 to %d of block %s, but were %s + %s"
              .formatted(
                  pages - 1,
                  Text.quote(block.name()),
                  Long.toUnsignedString(extent.firstPage()),
                  Long.toUnsignedString(extent.pageCount())));
    }
  }

  private static DcmException invalid(String message) {
    return new DcmException(Reason.FIELD_INVALID, message);
  }
}
