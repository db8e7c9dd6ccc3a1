package org.dcmigrate.ctl;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Looks up each setting of a connection: options after the command's name, options before it,
 * environment, context, default; the first that says something counts.
 */
final class Settings {
  static final String ENDPOINT = "endpoint";
  static final String PEER_IDENTITY = "peerIdentity";
  static final String CA = "ca";
  static final String CERT = "cert";
  static final String KEY = "key";
  static final String PLAINTEXT = "plaintext";
  static final String IDENTITY = "identity";
  static final String TIMEOUT = "timeout";

  /** All of them, in the order in which they are shown and written. */
  static final List<String> ALL =
      List.of(ENDPOINT, PEER_IDENTITY, CA, CERT, KEY, PLAINTEXT, IDENTITY, TIMEOUT);

  static final String DEFAULT_ENDPOINT = "127.0.0.1:7443";
  private static final Duration ANSWER = Duration.ofSeconds(30);

  private final List<ConnectionOptions> options;
  private final Map<String, String> environment;
  private final Map<String, String> context;

  private Settings(
      List<ConnectionOptions> options,
      Map<String, String> environment,
      Map<String, String> context) {
    this.options = options;
    this.environment = environment;
    this.context = context;
  }

  /** Reads the context that applies. */
  static Settings resolve(List<ConnectionOptions> options, Map<String, String> environment)
      throws CtlException {
    Optional<String> named =
        options.stream()
            .flatMap(each -> each.context.stream())
            .findFirst()
            .or(() -> variable(environment, "DCM_CONTEXT"));
    Contexts contexts = Contexts.load(environment);
    return new Settings(options, environment, contexts.settings(named));
  }

  Optional<String> get(String setting) {
    return options.stream()
        .flatMap(each -> each.get(setting).stream())
        .findFirst()
        .or(() -> variable(environment, variableName(setting)))
        .or(() -> Optional.ofNullable(context.get(setting)));
  }

  /** A setting that the connection cannot do without. */
  String require(String setting, String purpose) throws CtlException {
    Optional<String> value = get(setting);
    if (value.isEmpty()) {
      throw CtlException.usage(
          "%s is missing: %s; give it as %s, as %s or in a context"
              .formatted(setting, purpose, flagName(setting), variableName(setting)));
    }
    return value.get();
  }

  boolean plaintext() throws CtlException {
    String value = get(PLAINTEXT).orElse("false");
    if (!value.equals("true") && !value.equals("false")) {
      throw CtlException.usage("plaintext must be true or false, but was \"%s\"".formatted(value));
    }
    return value.equals("true");
  }

  /** How long to wait for an answer. */
  Duration answerTimeout() throws CtlException {
    return waitTimeout().orElse(ANSWER);
  }

  /** How long to wait for the end of a migration; empty: as long as it takes. */
  Optional<Duration> waitTimeout() throws CtlException {
    Optional<String> text = get(TIMEOUT);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Duration timeout = Units.parseTime("--timeout", text.get());
    if (timeout.isZero()) {
      throw CtlException.usage("--timeout must be more than 0");
    }
    return Optional.of(timeout);
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  private static String variableName(String setting) {
    return "DCM_" + words(setting, '_').toUpperCase(Locale.ROOT);
  }

  private static String flagName(String setting) {
    return "--" + words(setting, '-');
  }

  private static String words(String setting, char separator) {
    return setting.replaceAll("([A-Z])", separator + "$1").toLowerCase(Locale.ROOT);
  }
}
