package org.dcmigrate.protocol.transport;

import org.dcmigrate.protocol.PeerId;

/** How connections are secured. */
public sealed interface Security {
  /** The identity under which calls are made. */
  PeerId identity();

  /** Mutual TLS 1.3; the identity is the certificate's. */
  record MutualTls(TlsMaterial material) implements Security {
    @Override
    public PeerId identity() {
      return material.identity();
    }
  }

  /**
   * No TLS, on loopback only. Each side believes what the other says of itself: for trying things
   * out on one machine.
   */
  record PlaintextLoopback(PeerId identity) implements Security {}
}
