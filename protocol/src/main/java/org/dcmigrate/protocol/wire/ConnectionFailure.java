package org.dcmigrate.protocol.wire;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Says why there is no connection, from the causes below a failed call, for the operator. */
final class ConnectionFailure {
  private static final int DEEPEST = 12;
  private static final Pattern NATIVE_CALL =
      Pattern.compile("\\w+\\(\\.\\.\\) failed with error\\(-?\\d+\\): ");
  private static final Pattern CLASS_NAME =
      Pattern.compile("\\b(?:sun|java|javax|io)\\.[\\w.$]+Exception: ");

  // BoringSSL: "...:TLSV1_ALERT_UNKNOWN_CA", the JDK: "(unknown_ca) Received fatal alert:
  // unknown_ca".
  private static final Pattern ALERT = Pattern.compile("_ALERT_(\\w+)|fatal alert: (\\w+)");

  private static final Set<String> ABOUT_OUR_CERTIFICATE =
      Set.of(
          "bad certificate",
          "certificate expired",
          "certificate required",
          "certificate revoked",
          "certificate unknown",
          "unknown ca",
          "unsupported certificate");

  private ConnectionFailure() {}

  /** The most telling cause; empty where there is none at all. */
  static Optional<String> describe(Throwable failure) {
    List<Throwable> causes = causes(failure);
    for (Throwable cause : causes) {
      Optional<String> known =
          switch (cause) {
            case ConnectException refused ->
                Optional.of(message(refused) + "; does the peer run, and listen there?");
            case UnknownHostException unknown ->
                Optional.of("no host of that name: " + message(unknown));
            case CertificateException ours -> Optional.of(refusedByUs(ours, causes.getLast()));
            case SSLException tls -> alert(tls);
            default -> Optional.empty();
          };
      if (known.isPresent()) {
        return known;
      }
    }
    return causes.isEmpty() ? Optional.empty() : Optional.of(message(causes.getLast()));
  }

  private static String refusedByUs(CertificateException refusal, Throwable root) {
    String why = message(refusal);
    String detail = message(root);
    return "its certificate was refused here: " + why + (why.contains(detail) ? "" : ", " + detail);
  }

  private static Optional<String> alert(SSLException failure) {
    if (failure.getClass().getSimpleName().equals("NotSslRecordException")) {
      return Optional.of("the other side does not speak TLS");
    }
    Matcher matcher = ALERT.matcher(message(failure));
    if (!matcher.find()) {
      return Optional.empty();
    }
    String name =
        Optional.ofNullable(matcher.group(1))
            .or(() -> Optional.ofNullable(matcher.group(2)))
            .orElse("")
            .toLowerCase(Locale.ROOT)
            .replace('_', ' ');
    if (ABOUT_OUR_CERTIFICATE.contains(name)) {
      return Optional.of("the other side refused this side's certificate: " + name);
    }
    if (name.equals("internal error")) {
      // What BoringSSL answers to a chain that its application refused.
      return Optional.of(
          "the other side refused this side's certificate, or failed: internal error");
    }
    return Optional.of("the other side ended the TLS handshake: " + name);
  }

  private static List<Throwable> causes(Throwable failure) {
    List<Throwable> causes = new ArrayList<>();
    Optional<Throwable> next = Optional.ofNullable(failure.getCause());
    while (next.isPresent() && causes.size() < DEEPEST) {
      causes.add(next.get());
      next = next.map(Throwable::getCause);
    }
    return causes;
  }

  private static String message(Throwable cause) {
    String text = Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    String first = text.lines().findFirst().orElse("");
    return CLASS_NAME.matcher(NATIVE_CALL.matcher(first).replaceAll("")).replaceAll("");
  }
}
