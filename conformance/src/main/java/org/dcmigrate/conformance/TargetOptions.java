package org.dcmigrate.conformance;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Optional;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import picocli.CommandLine.Option;

/** The options that say which peer to test, and as whom. */
final class TargetOptions {
  private static final int CONNECT_MS = 3000;

  @Option(names = "--target", paramLabel = "HOST:PORT", description = "The peer to test.")
  Optional<String> target = Optional.empty();

  @Option(
      names = "--target-identity",
      paramLabel = "URI",
      description = "Who the target must be; needed with TLS.")
  Optional<String> targetIdentity = Optional.empty();

  @Option(names = "--ca", paramLabel = "FILE", description = "Trusted CA certificates, PEM.")
  Optional<Path> ca = Optional.empty();

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      description = "Certificate of the tester, PEM; the target has its identity among its peers.")
  Optional<Path> cert = Optional.empty();

  @Option(names = "--key", paramLabel = "FILE", description = "Key of the tester, PEM, PKCS #8.")
  Optional<Path> key = Optional.empty();

  @Option(names = "--plaintext", description = "No TLS; only for a target on loopback.")
  boolean plaintext;

  @Option(
      names = "--identity",
      paramLabel = "URI",
      description = "Identity of the tester where there is no TLS.")
  Optional<String> identity = Optional.empty();

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description =
          "Where the target reaches the tester, as in the target's configuration; needed with"
              + " --commit.")
  Optional<String> listen = Optional.empty();

  String endpoint() throws DcmException {
    return needed(target, "--target");
  }

  Security security() throws DcmException {
    if (plaintext) {
      if (ca.isPresent() || cert.isPresent() || key.isPresent()) {
        throw wrong("--plaintext goes without --ca, --cert and --key");
      }
      return new Security.PlaintextLoopback(PeerId.parse(needed(identity, "--identity")));
    }
    if (identity.isPresent()) {
      throw wrong("--identity goes with --plaintext only: with TLS, the certificate says it");
    }
    return new Security.MutualTls(
        TlsMaterial.load(needed(ca, "--ca"), needed(cert, "--cert"), needed(key, "--key")));
  }

  PeerId expected(Security security) throws DcmException {
    return switch (security) {
      case Security.MutualTls tls -> PeerId.parse(needed(targetIdentity, "--target-identity"));
      // Nothing proves who answers on a plaintext connection.
      case Security.PlaintextLoopback local -> local.identity();
    };
  }

  /** Finds out early whether anybody listens, so that this is not told by every case. */
  void requireListener() throws DcmException {
    InetSocketAddress address = Transport.address(endpoint());
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address.getHostString(), address.getPort()), CONNECT_MS);
    } catch (IOException refused) {
      throw new DcmException(
          Reason.PEER_UNREACHABLE,
          "nobody answers at %s: %s".formatted(endpoint(), refused.getMessage()),
          refused);
    }
  }

  private static <T> T needed(Optional<T> option, String name) throws DcmException {
    if (option.isEmpty()) {
      throw wrong(name + " is missing");
    }
    return option.get();
  }

  private static DcmException wrong(String sentence) {
    return new DcmException(Reason.FIELD_INVALID, sentence);
  }
}
