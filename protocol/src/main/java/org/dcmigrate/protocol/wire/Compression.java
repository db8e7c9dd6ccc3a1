package org.dcmigrate.protocol.wire;

/** How the payload of a chunk is compressed. */
public enum Compression {
  /** Not at all. */
  NONE,
  /** One Zstandard frame. */
  ZSTD
}
