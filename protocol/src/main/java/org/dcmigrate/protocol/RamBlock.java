package org.dcmigrate.protocol;

/**
 * One RAM block of a guest.
 *
 * @param name unique in the guest, 1 to 255 bytes
 * @param sizeBytes a multiple of 4096, up to 2^46
 */
public record RamBlock(String name, long sizeBytes) {

  /** Number of pages. */
  public long pages() {
    return sizeBytes / Geometry.PAGE_BYTES;
  }
}
