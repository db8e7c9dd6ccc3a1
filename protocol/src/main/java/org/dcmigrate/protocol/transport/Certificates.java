package org.dcmigrate.protocol.transport;

import java.net.URI;
import java.net.URISyntaxException;
import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;

/**
 * What a certificate must be like to carry an identity: the rules of an X509-SVID (one URI SAN with
 * scheme spiffe, a trust domain and a path; not a CA; may sign; for servers and clients), and keys
 * and signatures that are not weak. That its chain ends at a trusted CA is checked in the
 * handshake.
 */
public final class Certificates {
  private static final int SAN_URI = 6;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
  private static final int MIN_RSA_BITS = 2048;
  private static final int MIN_EC_BITS = 256;

  private Certificates() {}

  /**
   * The identity in a certificate.
   *
   * @throws DcmException IDENTITY_INVALID with everything that is wrong
   */
  public static PeerId identity(X509Certificate certificate) throws DcmException {
    List<String> problems = problems(certificate);
    if (!problems.isEmpty()) {
      throw new DcmException(
          Reason.IDENTITY_INVALID,
          "the certificate carries no usable identity: " + String.join("; ", problems));
    }
    return new PeerId(uris(certificate).getFirst());
  }

  /** Everything that keeps a certificate from carrying an identity; empty: nothing. */
  public static List<String> problems(X509Certificate certificate) {
    List<String> problems = new ArrayList<>();
    List<String> uris = uris(certificate);
    if (uris.size() != 1) {
      problems.add("it must have exactly one URI SAN, but has " + uris.size());
    } else if (!isSpiffe(uris.getFirst())) {
      problems.add("its URI SAN must be spiffe://TRUST-DOMAIN/PATH, but is " + uris.getFirst());
    }
    if (certificate.getBasicConstraints() >= 0) {
      problems.add("it is a CA's");
    }
    boolean[] usage = certificate.getKeyUsage();
    if (usage == null || !usage[DIGITAL_SIGNATURE]) {
      problems.add("its key usage must include digitalSignature");
    }
    List<String> purposes = purposes(certificate);
    if (!purposes.contains(SERVER_AUTH) || !purposes.contains(CLIENT_AUTH)) {
      problems.add("its extended key usage must include serverAuth and clientAuth");
    }
    problems.addAll(weaknesses(certificate));
    return problems;
  }

  /** What is weak about a certificate of any kind; empty: nothing. */
  public static List<String> weaknesses(X509Certificate certificate) {
    List<String> weaknesses = new ArrayList<>();
    if (isWeak(certificate.getPublicKey())) {
      weaknesses.add("its key is weak: RSA needs 2048 bits, EC 256");
    }
    String signature = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
    if (signature.contains("SHA1") || signature.contains("MD5")) {
      weaknesses.add("its signature is weak: " + signature);
    }
    return weaknesses;
  }

  private static List<String> uris(X509Certificate certificate) {
    List<String> uris = new ArrayList<>();
    try {
      Collection<List<?>> names = certificate.getSubjectAlternativeNames();
      if (names != null) {
        for (List<?> name : names) {
          if (name.get(0).equals(SAN_URI)) {
            uris.add(String.valueOf(name.get(1)));
          }
        }
      }
    } catch (CertificateParsingException malformed) {
      // As good as none: the caller says that there must be one.
    }
    return uris;
  }

  private static boolean isSpiffe(String text) {
    try {
      URI uri = new URI(text);
      return text.length() <= 255
          && "spiffe".equals(uri.getScheme())
          && uri.getHost() != null
          && uri.getPort() < 0
          && uri.getUserInfo() == null
          && uri.getQuery() == null
          && uri.getFragment() == null
          && uri.getPath() != null
          && uri.getPath().length() > 1
          && text.chars().allMatch(c -> c > ' ' && c < 127);
    } catch (URISyntaxException malformed) {
      return false;
    }
  }

  private static List<String> purposes(X509Certificate certificate) {
    try {
      List<String> purposes = certificate.getExtendedKeyUsage();
      return purposes == null ? List.of() : purposes;
    } catch (CertificateParsingException malformed) {
      return List.of();
    }
  }

  private static boolean isWeak(PublicKey key) {
    return switch (key) {
      case RSAPublicKey rsa -> rsa.getModulus().bitLength() < MIN_RSA_BITS;
      case ECPublicKey ec -> ec.getParams().getOrder().bitLength() < MIN_EC_BITS;
      default -> false;
    };
  }
}
