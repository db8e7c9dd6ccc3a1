package org.dcmigrate.conformance;

import java.nio.file.Path;
import java.util.Optional;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import picocli.CommandLine.Option;

/** The options that let the tester be more than one peer. */
final class AccessOptions {
  @Option(
      names = "--second-identity",
      paramLabel = "URI",
      description =
          "Another identity among the target's configured peers, for cases that need two; over TLS"
              + " with --ca-key.")
  Optional<String> secondIdentity = Optional.empty();

  @Option(
      names = "--second-listen",
      paramLabel = "HOST:PORT",
      description = "Where the target reaches that one, as in the target's configuration.")
  Optional<String> secondListen = Optional.empty();

  @Option(
      names = "--ca-key",
      paramLabel = "FILE",
      description =
          "Key of the first of --ca, PEM, PKCS #8, for cases about certificates: the tester issues"
              + " those that have to be refused.")
  Optional<Path> authorityKey = Optional.empty();

  /** Whether any of these options is given. */
  boolean isGiven() {
    return secondIdentity.isPresent() || secondListen.isPresent() || authorityKey.isPresent();
  }

  /** The target's own authority, where its key is given. */
  Optional<Authority> authority(Optional<Path> certificates) throws DcmException {
    if (authorityKey.isEmpty()) {
      return Optional.empty();
    }
    if (certificates.isEmpty()) {
      throw new DcmException(Reason.FIELD_INVALID, "--ca-key goes with --ca");
    }
    return Optional.of(Authority.load(certificates.get(), authorityKey.get()));
  }

  /** The tester as the other peer. */
  Optional<Persona> second(Security first, Optional<Authority> authority) throws DcmException {
    if (secondIdentity.isEmpty()) {
      if (secondListen.isPresent()) {
        throw new DcmException(Reason.FIELD_INVALID, "--second-listen goes with --second-identity");
      }
      return Optional.empty();
    }
    PeerId identity = PeerId.parse(secondIdentity.get());
    Security security =
        switch (first) {
          case Security.PlaintextLoopback plaintext -> new Security.PlaintextLoopback(identity);
          case Security.MutualTls tls -> {
            if (authority.isEmpty()) {
              throw new DcmException(
                  Reason.FIELD_INVALID, "--second-identity goes with --ca-key over TLS");
            }
            yield authority.get().security(identity);
          }
        };
    return Optional.of(new Persona("second", security, secondListen));
  }
}
