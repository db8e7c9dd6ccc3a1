package org.dcmigrate.peer.guest.qemu;

import org.dcmigrate.protocol.Geometry;

/** What {@link StreamParser} finds in the stream. */
sealed interface StreamRecord {
  /** Nothing complete is left in the window. */
  record More() implements StreamRecord {}

  /** Something was read that is of no interest outside the parser, which never returns this. */
  record Skipped() implements StreamRecord {}

  /**
   * The end of the RAM set-up.
   *
   * @param preamble the stream until here, without commands
   * @param section the number by which RAM's later sections go
   */
  record Setup(byte[] preamble, String machine, int section, Geometry geometry)
      implements StreamRecord {}

  /**
   * A page with content.
   *
   * @param offset where in the window's buffer it lies
   */
  record Page(int block, long page, long offset) implements StreamRecord {}

  /** A page that is all zero. */
  record ZeroPage(int block, long page) implements StreamRecord {}

  /** The last page has come; the guest stands still. */
  record RamEnded() implements StreamRecord {}

  /** The end of the stream, with everything that came after the last page. */
  record Ended(byte[] deviceState) implements StreamRecord {}
}
