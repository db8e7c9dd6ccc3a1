/**
 * The transport binding: mutual TLS 1.3 with identities as URI SANs over HTTP/2, or plaintext on
 * loopback where that was asked for.
 */
@NullMarked
package org.dcmigrate.protocol.transport;

import org.jspecify.annotations.NullMarked;
