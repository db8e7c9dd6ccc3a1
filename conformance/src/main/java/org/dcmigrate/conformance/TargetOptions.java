package org.dcmigrate.conformance;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Optional;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.dcmigrate.protocol.transport.Transport;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which peer to test, and as whom. */
final class TargetOptions {
  private static final int CONNECT_MS = 3000;

  @Option(
      names = "--target",
      paramLabel = "HOST:PORT|FILE",
      description =
          "The peer to test; or a YAML file (.yaml, .yml or .json) that describes it, with all"
              + " identities of the tester. Only then a source can be tested.")
  Optional<String> target = Optional.empty();

  @Option(
      names = "--reference",
      arity = "0..1",
      fallbackValue = "plaintext",
      paramLabel = "TRANSPORT",
      description =
          "Start the reference peer, bin/dcmd, and test it: over plaintext, or over tls with"
              + " certificates made for the run.")
  Optional<Wire> reference = Optional.empty();

  /** How the reference peer is reached. */
  enum Wire {
    plaintext,
    tls
  }

  /** The target of {@code --reference} or a file; none where it is given by options alone. */
  Optional<TargetFile.Target> named() throws DcmException {
    if (reference.isPresent()) {
      if (target.isPresent()) {
        throw wrong("--reference goes without --target");
      }
      requireNoOptions("--reference");
      return Optional.of(
          new TargetFile.Target.ToStart(
              Session.referenceAdapter(), Session.home(), reference.get() == Wire.tls));
    }
    if (target.isPresent() && target.get().matches(".*[.](ya?ml|json)")) {
      requireNoOptions("a file as --target");
      return Optional.of(TargetFile.read(Path.of(target.get())));
    }
    return Optional.empty();
  }

  private void requireNoOptions(String with) throws DcmException {
    if (plaintext
        || targetIdentity.isPresent()
        || identity.isPresent()
        || listen.isPresent()
        || ca.isPresent()
        || cert.isPresent()
        || key.isPresent()
        || access.isGiven()) {
      throw wrong(
          with
              + " says all of it: no --plaintext, --identity, --target-identity, --listen, --ca,"
              + " --cert, --key, --second-identity, --second-listen, --ca-key");
    }
  }

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

  @Mixin AccessOptions access = new AccessOptions();

  /** Who the tester is, by options alone. */
  Cast cast() throws DcmException {
    String endpoint = endpoint();
    Security security = security();
    Optional<Authority> authority = access.authority(ca);
    return new Cast(
        endpoint,
        expected(security),
        new Persona("tester", security, listen),
        access.second(security, authority),
        Optional.empty(),
        Optional.empty(),
        authority,
        Optional.empty(),
        Cast.SILENCE);
  }

  private String endpoint() throws DcmException {
    String endpoint = needed(target, "--target");
    if (!endpoint.matches(".*:[0-9]+")) {
      throw wrong(
          "--target is HOST:PORT, or a file whose name ends with .yaml, .yml or .json; not "
              + Text.quote(endpoint));
    }
    return endpoint;
  }

  private Security security() throws DcmException {
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

  private PeerId expected(Security security) throws DcmException {
    return switch (security) {
      case Security.MutualTls tls -> PeerId.parse(needed(targetIdentity, "--target-identity"));
      // Nothing proves who answers on a plaintext connection.
      case Security.PlaintextLoopback local -> local.identity();
    };
  }

  /** Finds out early whether anybody listens, so that this is not told by every case. */
  static void requireListener(String endpoint) throws DcmException {
    InetSocketAddress address = Transport.address(endpoint);
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address.getHostString(), address.getPort()), CONNECT_MS);
    } catch (IOException refused) {
      throw new DcmException(
          Reason.PEER_UNREACHABLE,
          "nobody answers at %s: %s".formatted(endpoint, refused.getMessage()),
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
