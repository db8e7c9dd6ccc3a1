package org.dcmigrate.peer.transfer;

/** Whether this peer compresses page chunks and takes compressed ones. */
public enum CompressionMode {
  /** It takes them, and compresses where that makes a transfer faster. */
  AUTO,
  /** It does neither. */
  OFF;

  /** The capability of a peer that takes chunks compressed with zstd. */
  public static final String CAPABILITY = "compression.zstd";
}
