package org.dcmigrate.protocol.transport;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;

/**
 * Certificate, key and trusted CAs of this side, read from PEM files and checked against one
 * another.
 */
public final class TlsMaterial {
  private static final long MAX_FILE_BYTES = 1 << 20;

  private final List<X509Certificate> authorities;
  private final List<X509Certificate> chain;
  private final PrivateKey key;
  private final PeerId identity;

  private TlsMaterial(
      List<X509Certificate> authorities,
      List<X509Certificate> chain,
      PrivateKey key,
      PeerId identity) {
    this.authorities = List.copyOf(authorities);
    this.chain = List.copyOf(chain);
    this.key = key;
    this.identity = identity;
  }

  /**
   * Reads the three files.
   *
   * @throws DcmException IDENTITY_INVALID naming the file and what is wrong with it
   */
  public static TlsMaterial load(Path caCertificates, Path certificate, Path key)
      throws DcmException {
    List<X509Certificate> authorities = certificates(caCertificates);
    List<X509Certificate> chain = certificates(certificate);
    X509Certificate leaf = chain.getFirst();
    if (Instant.now().isAfter(leaf.getNotAfter().toInstant())) {
      throw bad(certificate, "expired at " + leaf.getNotAfter().toInstant() + "; issue a new one");
    }
    String algorithm = leaf.getPublicKey().getAlgorithm();
    if (!algorithm.equals("EC") && !algorithm.equals("RSA")) {
      throw bad(certificate, "must have an EC or RSA key, but has " + algorithm);
    }
    PrivateKey privateKey = key(key, algorithm);
    if (!belongs(privateKey, leaf)) {
      throw bad(key, "is not the key of the certificate in " + certificate);
    }
    try {
      return new TlsMaterial(authorities, chain, privateKey, Certificates.identity(leaf));
    } catch (DcmException unusable) {
      throw bad(certificate, unusable.sentence());
    }
  }

  /** Reads all certificates of a PEM file, at least one. */
  public static List<X509Certificate> certificates(Path file) throws DcmException {
    checkSize(file);
    try (InputStream in = Files.newInputStream(file)) {
      List<X509Certificate> certificates = new ArrayList<>();
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        certificates.add((X509Certificate) each);
      }
      if (certificates.isEmpty()) {
        throw bad(file, "holds no certificate in PEM form");
      }
      return certificates;
    } catch (IOException | GeneralSecurityException unreadable) {
      throw bad(file, "cannot be read as PEM certificates: " + unreadable.getMessage());
    }
  }

  /** The identity that the certificate carries. */
  public PeerId identity() {
    return identity;
  }

  /** The trusted CAs. */
  public List<X509Certificate> authorities() {
    return authorities;
  }

  /** The certificate and its intermediates. */
  public List<X509Certificate> chain() {
    return chain;
  }

  PrivateKey key() {
    return key;
  }

  /** Checks chains against the trusted CAs; names of hosts are not looked at. */
  X509TrustManager chainVerifier() throws DcmException {
    try {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      for (int i = 0; i < authorities.size(); i++) {
        trusted.setCertificateEntry("ca-" + i, authorities.get(i));
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(trusted);
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager verifier) {
          return verifier;
        }
      }
    } catch (IOException | GeneralSecurityException unusable) {
      throw new DcmException(
          Reason.IDENTITY_INVALID, "the CA certificates cannot be used: " + unusable, unusable);
    }
    throw new AssertionError("every JDK verifies X.509 chains");
  }

  private static PrivateKey key(Path file, String algorithm) throws DcmException {
    checkSize(file);
    try {
      String pem = Files.readString(file);
      String begin = "-----BEGIN PRIVATE KEY-----";
      int from = pem.indexOf(begin);
      int to = pem.indexOf("-----END PRIVATE KEY-----");
      if (from < 0 || to < from) {
        throw bad(file, "holds no unencrypted PKCS #8 key (BEGIN PRIVATE KEY) in PEM form");
      }
      byte[] der = Base64.getMimeDecoder().decode(pem.substring(from + begin.length(), to));
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException unreadable) {
      throw bad(file, "cannot be read as a private key: " + unreadable.getMessage());
    }
  }

  private static boolean belongs(PrivateKey key, X509Certificate leaf) {
    try {
      String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
      byte[] probe = {1, 2, 3};
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(probe);
      byte[] signature = signer.sign();
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(leaf.getPublicKey());
      verifier.update(probe);
      return verifier.verify(signature);
    } catch (GeneralSecurityException other) {
      return false;
    }
  }

  private static void checkSize(Path file) throws DcmException {
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw bad(file, "is larger than 1 MiB");
      }
    } catch (IOException missing) {
      throw bad(file, "cannot be read; does it exist, and may this user read it?");
    }
  }

  private static DcmException bad(Path file, String what) {
    return new DcmException(Reason.IDENTITY_INVALID, file + " " + what);
  }
}
