package org.dcmigrate.peer.guest.qemu;

/** Numbers of QEMU's stream; where they stand is in the package's documentation. */
final class StreamFormat {
  static final int MAGIC = 0x5145564d;
  static final int SECTION_START = 1;
  static final int SECTION_PART = 2;
  static final int SECTION_END = 3;
  static final int SECTION_FULL = 4;
  static final int SUBSECTION = 5;
  static final int CONFIGURATION = 7;
  static final int COMMAND = 8;
  static final int FOOTER = 0x7e;
  static final int RAM_VERSION = 4;

  static final int ZERO = 0x02;
  static final int MEM_SIZE = 0x04;
  static final int PAGE = 0x08;
  static final int EOS = 0x10;
  static final int CONTINUE = 0x20;

  private StreamFormat() {}
}
