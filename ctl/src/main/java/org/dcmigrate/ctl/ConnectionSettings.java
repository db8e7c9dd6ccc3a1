package org.dcmigrate.ctl;

import java.util.Map;
import java.util.Optional;

/**
 * Which peer to ask, as whom and how.
 *
 * @param endpoint HOST:PORT
 * @param plaintext no TLS
 * @param identity who to claim to be where there is no TLS
 * @param peerIdentity who the peer must prove to be
 */
record ConnectionSettings(
    String endpoint,
    boolean plaintext,
    Optional<String> identity,
    Optional<String> peerIdentity,
    Optional<String> ca,
    Optional<String> cert,
    Optional<String> key) {
  private static final String DEFAULT_ENDPOINT = "127.0.0.1:7443";

  /** Option before environment before context before default, for each value by itself. */
  static ConnectionSettings resolve(GlobalOptions options, Map<String, String> variables)
      throws CtlException {
    Optional<String> name = options.context.or(() -> variable(variables, "DCM_CONTEXT"));
    ContextFile contexts = ContextFile.read(ContextFile.location(variables));
    Optional<StoredContext> stored =
        name.isPresent() ? Optional.of(contexts.require(name.get())) : contexts.current();
    Optional<String> ca = options.ca.or(() -> variable(variables, "DCM_CA"));
    Optional<String> cert = options.cert.or(() -> variable(variables, "DCM_CERT"));
    Optional<String> key = options.key.or(() -> variable(variables, "DCM_KEY"));
    boolean tlsAsked = ca.isPresent() || cert.isPresent() || key.isPresent();
    boolean plaintext =
        options.plaintext
            || (!options.ca.isPresent()
                && variable(variables, "DCM_PLAINTEXT").filter("true"::equals).isPresent())
            || (!tlsAsked && stored.map(StoredContext::plaintext).orElse(false));
    return new ConnectionSettings(
        options
            .endpoint
            .or(() -> variable(variables, "DCM_ENDPOINT"))
            .or(() -> stored.map(StoredContext::endpoint))
            .orElse(DEFAULT_ENDPOINT),
        plaintext,
        options
            .identity
            .or(() -> variable(variables, "DCM_IDENTITY"))
            .or(() -> stored.flatMap(StoredContext::identity)),
        options
            .peerIdentity
            .or(() -> variable(variables, "DCM_PEER_IDENTITY"))
            .or(() -> stored.flatMap(StoredContext::peerIdentity)),
        ca.or(() -> stored.flatMap(StoredContext::ca)),
        cert.or(() -> stored.flatMap(StoredContext::cert)),
        key.or(() -> stored.flatMap(StoredContext::key)));
  }

  private static Optional<String> variable(Map<String, String> variables, String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
  }
}
