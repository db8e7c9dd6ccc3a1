package org.dcmigrate.ctl;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.transport.Certificates;

/** What a certificate says, and everything for which a peer would refuse it. */
final class CertificateReport {
  private static final int SAN_URI = 6;
  private static final int KEY_CERT_SIGN = 5;

  private final List<X509Certificate> chain;
  private final List<X509Certificate> authorities;
  private final Instant now;

  /**
   * A report on the first certificate of a chain.
   *
   * @param authorities that the chain is to end at; empty: that is not checked
   */
  CertificateReport(List<X509Certificate> chain, List<X509Certificate> authorities, Instant now) {
    this.chain = List.copyOf(chain);
    this.authorities = List.copyOf(authorities);
    this.now = now;
  }

  /** Everything that is wrong; empty: nothing. */
  List<String> problems() {
    X509Certificate leaf = chain.getFirst();
    List<String> problems =
        new ArrayList<>(isAuthority() ? authorityProblems(leaf) : Certificates.problems(leaf));
    if (now.isAfter(leaf.getNotAfter().toInstant())) {
      problems.add("it has expired");
    }
    if (now.isBefore(leaf.getNotBefore().toInstant())) {
      problems.add("it is not valid yet");
    }
    for (X509Certificate above : chain.subList(1, chain.size())) {
      Certificates.weaknesses(above)
          .forEach(weakness -> problems.add("of an intermediate: " + weakness));
    }
    if (!authorities.isEmpty() && problems.isEmpty()) {
      problems.addAll(chainProblems());
    }
    return problems;
  }

  /** The facts, for people. */
  Table table() {
    X509Certificate leaf = chain.getFirst();
    Table table =
        Table.ofFacts()
            .fact(isAuthority() ? "trust domain" : "identity", String.join(", ", uris(leaf)))
            .fact("kind", isAuthority() ? "authority" : "leaf")
            .fact("subject", leaf.getSubjectX500Principal().getName())
            .fact("issuer", leaf.getIssuerX500Principal().getName())
            .fact("serial", leaf.getSerialNumber().toString(16))
            .fact("key", key(leaf))
            .fact("signature", leaf.getSigAlgName())
            .fact("valid from", leaf.getNotBefore().toInstant().toString())
            .fact("valid until", leaf.getNotAfter().toInstant().toString())
            .fact("chain", chainText());
    List<String> problems = problems();
    if (problems.isEmpty()) {
      table.fact("problems", "none");
    }
    problems.forEach(problem -> table.fact("PROBLEM", problem));
    return table;
  }

  /** The facts, for programs. */
  Struct message() {
    X509Certificate leaf = chain.getFirst();
    return Struct.newBuilder()
        .putFields("uris", texts(uris(leaf)))
        .putFields("authority", Value.newBuilder().setBoolValue(isAuthority()).build())
        .putFields("subject", text(leaf.getSubjectX500Principal().getName()))
        .putFields("issuer", text(leaf.getIssuerX500Principal().getName()))
        .putFields("serial", text(leaf.getSerialNumber().toString(16)))
        .putFields("key", text(key(leaf)))
        .putFields("signature", text(leaf.getSigAlgName()))
        .putFields("notBefore", text(leaf.getNotBefore().toInstant().toString()))
        .putFields("notAfter", text(leaf.getNotAfter().toInstant().toString()))
        .putFields("chain", texts(subjects()))
        .putFields("problems", texts(problems()))
        .build();
  }

  /** The URI names of the certificate. */
  List<String> identities() {
    return uris(chain.getFirst());
  }

  private boolean isAuthority() {
    boolean[] usage = chain.getFirst().getKeyUsage();
    return chain.getFirst().getBasicConstraints() >= 0 && usage != null && usage[KEY_CERT_SIGN];
  }

  private static List<String> authorityProblems(X509Certificate authority) {
    return Certificates.weaknesses(authority);
  }

  private List<String> chainProblems() {
    try {
      PKIXParameters parameters =
          new PKIXParameters(
              authorities.stream()
                  .map(authority -> new TrustAnchor(authority, null))
                  .collect(Collectors.toSet()));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      if (!Set.copyOf(authorities).contains(chain.getFirst())) {
        CertPathValidator.getInstance("PKIX")
            .validate(CertificateFactory.getInstance("X.509").generateCertPath(chain), parameters);
      }
      return List.of();
    } catch (GeneralSecurityException broken) {
      return List.of("its chain does not end at the CA: " + broken.getMessage());
    }
  }

  private String chainText() {
    String text = String.join(", then ", subjects());
    return authorities.isEmpty() ? text + " (not checked; give --ca)" : text;
  }

  private List<String> subjects() {
    return chain.stream().map(each -> each.getSubjectX500Principal().getName()).toList();
  }

  private static String key(X509Certificate certificate) {
    return switch (certificate.getPublicKey()) {
      case ECPublicKey ec -> "EC, %d bits".formatted(ec.getParams().getOrder().bitLength());
      case RSAPublicKey rsa -> "RSA, %d bits".formatted(rsa.getModulus().bitLength());
      default -> certificate.getPublicKey().getAlgorithm();
    };
  }

  private static List<String> uris(X509Certificate certificate) {
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      return names == null
          ? List.of()
          : names.stream()
              .filter(name -> name.get(0).equals(SAN_URI))
              .map(name -> String.valueOf(name.get(1)))
              .toList();
    } catch (CertificateParsingException malformed) {
      return List.of();
    }
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private static Value texts(List<String> values) {
    ListValue.Builder list = ListValue.newBuilder();
    values.forEach(value -> list.addValues(text(value)));
    return Value.newBuilder().setListValue(list).build();
  }
}
