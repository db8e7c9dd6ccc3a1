package org.dcmigrate.ctl;

import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;

/** Connects over mutual TLS, or without on loopback. */
final class SecureConnector implements Connector {
  @Override
  public ManagedChannel connect(ConnectionSettings settings) throws CtlException {
    try {
      return Transport.channel(settings.endpoint(), security(settings), expected(settings));
    } catch (DcmException unusable) {
      throw CtlException.usage(unusable.sentence());
    }
  }

  private static Security security(ConnectionSettings settings) throws CtlException, DcmException {
    if (settings.plaintext()) {
      return new Security.PlaintextLoopback(
          PeerId.parse(
              required(settings.identity(), "--identity, as nothing else says who you are")));
    }
    return new Security.MutualTls(
        TlsMaterial.load(
            Path.of(required(settings.ca(), "--ca")),
            Path.of(required(settings.cert(), "--cert")),
            Path.of(required(settings.key(), "--key"))));
  }

  private static PeerId expected(ConnectionSettings settings) throws CtlException, DcmException {
    if (settings.plaintext()) {
      // Not looked at: without TLS a server cannot prove who it is.
      return new PeerId("plaintext:" + settings.endpoint());
    }
    return PeerId.parse(required(settings.peerIdentity(), "--peer-identity"));
  }

  private static String required(Optional<String> value, String option) throws CtlException {
    return value.orElseThrow(
        () ->
            CtlException.usage(
                "the connection needs %s; store it once with: dcmctl context set"
                    .formatted(option)));
  }
}
