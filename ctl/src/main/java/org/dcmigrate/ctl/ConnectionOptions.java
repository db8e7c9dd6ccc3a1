package org.dcmigrate.ctl;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that say which peer to call, and as whom. Before or after the command's name. */
final class ConnectionOptions {
  @Option(
      names = "--context",
      paramLabel = "NAME",
      description = "Context to take what is not given from. [DCM_CONTEXT]")
  Optional<String> context = Optional.empty();

  @Option(
      names = "--endpoint",
      paramLabel = "HOST:PORT",
      description = "The peer to call. [DCM_ENDPOINT, 127.0.0.1:7443]")
  Optional<String> endpoint = Optional.empty();

  @Option(
      names = "--peer-identity",
      paramLabel = "URI",
      description = "Who the peer must be. [DCM_PEER_IDENTITY]")
  Optional<String> peerIdentity = Optional.empty();

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "Trusted CA certificates, PEM. [DCM_CA]")
  Optional<Path> ca = Optional.empty();

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      description = "Own certificate and intermediates, PEM. [DCM_CERT]")
  Optional<Path> cert = Optional.empty();

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "Own key, PEM, PKCS #8. [DCM_KEY]")
  Optional<Path> key = Optional.empty();

  @Option(
      names = "--plaintext",
      negatable = true,
      description = "No TLS; only for a peer on loopback. [DCM_PLAINTEXT]")
  Optional<Boolean> plaintext = Optional.empty();

  @Option(
      names = "--identity",
      paramLabel = "URI",
      description = "Own identity where there is no TLS. [DCM_IDENTITY]")
  Optional<String> identity = Optional.empty();

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "How long to wait: 30s for answers, without limit for --watch. [DCM_TIMEOUT]")
  Optional<String> timeout = Optional.empty();

  /** The options by the names of their keys in a context. */
  Optional<String> get(String setting) {
    return switch (setting) {
      case Settings.ENDPOINT -> endpoint;
      case Settings.PEER_IDENTITY -> peerIdentity;
      case Settings.CA -> ca.map(ConnectionOptions::absolute);
      case Settings.CERT -> cert.map(ConnectionOptions::absolute);
      case Settings.KEY -> key.map(ConnectionOptions::absolute);
      case Settings.PLAINTEXT -> plaintext.map(String::valueOf);
      case Settings.IDENTITY -> identity;
      case Settings.TIMEOUT -> timeout;
      default -> throw new IllegalArgumentException(setting);
    };
  }

  private static String absolute(Path path) {
    return path.toAbsolutePath().normalize().toString();
  }
}
