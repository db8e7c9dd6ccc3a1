package org.dcmigrate.conformance;

import java.nio.file.Path;
import java.util.Optional;
import org.dcmigrate.conformance.play.Access;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.Votes;
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

  /** The second peer's own votes, where the target can ask for them. */
  Optional<Votes> votes(Security security) throws DcmException {
    if (secondListen.isEmpty()) {
      return Optional.empty();
    }
    if (secondIdentity.isEmpty()) {
      throw new DcmException(Reason.FIELD_INVALID, "--second-listen goes with --second-identity");
    }
    return Optional.of(Votes.listen(secondListen.get(), security));
  }

  Access access(
      String endpoint,
      Security security,
      PeerId expected,
      Optional<Votes> second,
      Optional<Path> authorities)
      throws DcmException {
    Optional<PeerId> identity = Optional.empty();
    if (secondIdentity.isPresent()) {
      identity = Optional.of(PeerId.parse(secondIdentity.get()));
    }
    Optional<Authority> authority = Optional.empty();
    if (authorityKey.isPresent()) {
      if (authorities.isEmpty()) {
        throw new DcmException(Reason.FIELD_INVALID, "--ca-key goes with --ca");
      }
      authority = Optional.of(Authority.load(authorities.get(), authorityKey.get()));
    }
    return new Access(endpoint, security, expected, identity, second, authority);
  }
}
