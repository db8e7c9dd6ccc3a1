package org.dcmigrate.protocol.transport;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;

/**
 * Trusts chains that end at a configured CA and whose leaf carries an identity; where one is
 * expected, exactly that one. Names of hosts play no part: an identity is bound to a peer, not to
 * where it is reached.
 */
final class PeerTrust extends X509ExtendedTrustManager {
  private final X509TrustManager chains;
  private final Optional<PeerId> expected;

  PeerTrust(X509TrustManager chains, Optional<PeerId> expected) {
    this.chains = chains;
    this.expected = expected;
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    // Whether the leaf carries a usable identity is told to the client as a status, with a reason.
    chains.checkClientTrusted(chain, authType);
    checkIntermediates(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    chains.checkServerTrusted(chain, authType);
    checkIntermediates(chain);
    PeerId found;
    try {
      found = Certificates.identity(chain[0]);
    } catch (DcmException unusable) {
      throw new CertificateException(unusable.sentence(), unusable);
    }
    if (expected.isPresent() && !expected.get().equals(found)) {
      throw new CertificateException(
          "the server is %s, but %s was expected".formatted(found, expected.get()));
    }
  }

  /** The JDK lets SHA-1 pass below CAs that are not its own. */
  private static void checkIntermediates(X509Certificate[] chain) throws CertificateException {
    for (int i = 1; i < chain.length; i++) {
      List<String> weaknesses = Certificates.weaknesses(chain[i]);
      if (!weaknesses.isEmpty()) {
        throw new CertificateException(
            "an intermediate certificate is refused: " + String.join("; ", weaknesses));
      }
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return chains.getAcceptedIssuers();
  }
}
