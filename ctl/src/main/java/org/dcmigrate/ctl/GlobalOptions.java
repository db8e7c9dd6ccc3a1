package org.dcmigrate.ctl;

import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Options that every command takes: which peer, as whom, how. */
final class GlobalOptions {
  @Option(
      names = "--context",
      scope = ScopeType.INHERIT,
      paramLabel = "NAME",
      description = "Stored connection to use. Also DCM_CONTEXT.")
  Optional<String> context = Optional.empty();

  @Option(
      names = "--endpoint",
      scope = ScopeType.INHERIT,
      paramLabel = "HOST:PORT",
      description = "The peer to ask. Also DCM_ENDPOINT.")
  Optional<String> endpoint = Optional.empty();

  @Option(
      names = "--ca",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "Trusted CA certificates; required over TLS. Also DCM_CA.")
  Optional<String> ca = Optional.empty();

  @Option(
      names = "--cert",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "Your certificate; required over TLS. Also DCM_CERT.")
  Optional<String> cert = Optional.empty();

  @Option(
      names = "--key",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description = "Its key; required over TLS. Also DCM_KEY.")
  Optional<String> key = Optional.empty();

  @Option(
      names = "--peer-identity",
      scope = ScopeType.INHERIT,
      paramLabel = "URI",
      description = "Who the peer must prove to be; required over TLS. Also DCM_PEER_IDENTITY.")
  Optional<String> peerIdentity = Optional.empty();

  @Option(
      names = "--plaintext",
      scope = ScopeType.INHERIT,
      description = "No TLS; for loopback only. Also DCM_PLAINTEXT=true.")
  boolean plaintext;

  @Option(
      names = "--identity",
      scope = ScopeType.INHERIT,
      paramLabel = "URI",
      description = "Who to claim to be; required with --plaintext. Also DCM_IDENTITY.")
  Optional<String> identity = Optional.empty();
}
