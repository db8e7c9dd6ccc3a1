package org.dcmigrate.protocol.machine;

import java.util.Map;

/** A page as a peer holds it. */
record Version(int generation, int content) {

  /** A digest of memory; a page that is missing counts, too. */
  static long digest(Map<Integer, Version> pages, int pageCount) {
    long digest = 17;
    for (int page = 0; page < pageCount; page++) {
      digest = 31 * digest + pages.getOrDefault(page, new Version(0, -1)).content();
    }
    return digest;
  }
}
