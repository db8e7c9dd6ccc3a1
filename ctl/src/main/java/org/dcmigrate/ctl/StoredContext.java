package org.dcmigrate.ctl;

import java.util.Optional;

/** One stored connection. */
record StoredContext(
    String endpoint,
    boolean plaintext,
    Optional<String> identity,
    Optional<String> peerIdentity,
    Optional<String> ca,
    Optional<String> cert,
    Optional<String> key) {}
