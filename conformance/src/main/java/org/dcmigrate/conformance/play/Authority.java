package org.dcmigrate.conformance.play;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;

/** An authority that issues what has to be refused, too. */
public final class Authority {
  private static final String SIGNATURE_EC = "SHA256withECDSA";
  private static final String SIGNATURE_RSA = "SHA256withRSA";

  private final X509Certificate certificate;
  private final PrivateKey key;

  private Authority(X509Certificate certificate, PrivateKey key) {
    this.certificate = certificate;
    this.key = key;
  }

  /** A certificate and its key. */
  public record Leaf(PrivateKey key, X509Certificate certificate) {}

  /**
   * The authority of these files.
   *
   * @throws DcmException IDENTITY_INVALID where they cannot be used
   */
  public static Authority load(Path certificates, Path key) throws DcmException {
    X509Certificate certificate = TlsMaterial.certificates(certificates).getFirst();
    try {
      String pem = Files.readString(key).replaceAll("-----[A-Z ]+-----", "");
      PKCS8EncodedKeySpec der = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem));
      String algorithm = certificate.getPublicKey().getAlgorithm();
      return new Authority(certificate, KeyFactory.getInstance(algorithm).generatePrivate(der));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException unusable) {
      throw new DcmException(
          Reason.IDENTITY_INVALID, key + " is no key in PEM form, PKCS #8: " + unusable, unusable);
    }
  }

  /** An authority that nobody knows. */
  public static Authority unknown() {
    KeyPair keys = ec();
    X500Name name = new X500Name("CN=dcm-conformance");
    Instant now = Instant.now();
    try {
      X509v3CertificateBuilder builder =
          builder(name, keys, now.minus(Duration.ofHours(1)), now.plus(Duration.ofDays(1)), name)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
      return new Authority(sign(builder, keys.getPrivate(), SIGNATURE_EC), keys.getPrivate());
    } catch (IOException | GeneralSecurityException | OperatorCreationException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Its own certificate. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** A leaf as it should be, with this identity, to be spoilt. */
  public Request leaf(String identity) {
    return new Request().uri(identity);
  }

  /** How a peer of this identity speaks to others of the same authority. */
  public Security security(PeerId identity) throws DcmException {
    Leaf leaf = leaf(identity.uri()).issue();
    try {
      Path directory = Files.createTempDirectory("dcm-conformance-");
      Path ca = directory.resolve("ca.pem");
      Path chain = directory.resolve("peer.pem");
      Path secret = directory.resolve("peer.key");
      try {
        Files.writeString(ca, pem("CERTIFICATE", certificate.getEncoded()));
        Files.writeString(chain, pem("CERTIFICATE", leaf.certificate().getEncoded()));
        Files.writeString(secret, pem("PRIVATE KEY", leaf.key().getEncoded()));
        return new Security.MutualTls(TlsMaterial.load(ca, chain, secret));
      } finally {
        for (Path each : List.of(ca, chain, secret, directory)) {
          Files.deleteIfExists(each);
        }
      }
    } catch (IOException | GeneralSecurityException unwritable) {
      throw new DcmException(
          Reason.INTERNAL, "a certificate cannot be written: " + unwritable, unwritable);
    }
  }

  private static String pem(String kind, byte[] der) {
    return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
        .formatted(kind, Base64.getMimeEncoder().encodeToString(der), kind);
  }

  /** What a leaf is to be like. */
  public final class Request {
    private final List<GeneralName> names = new ArrayList<>();
    private KeyPurposeId[] purposes = {
      KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
    };
    private boolean authority;
    private int usage = KeyUsage.digitalSignature;
    private Instant notBefore = Instant.now().minus(Duration.ofHours(1));
    private Instant notAfter = Instant.now().plus(Duration.ofHours(12));
    private boolean sha1;
    private boolean selfSigned;
    private KeyPair keys = ec();

    private Request() {}

    /** Has this URI among its names. */
    public Request uri(String uri) {
      names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
      return this;
    }

    /** Has the name of a host, and no URI. */
    public Request onlyHost() {
      names.clear();
      names.add(new GeneralName(GeneralName.dNSName, "localhost"));
      return this;
    }

    /** Is for these purposes only. */
    public Request purposes(KeyPurposeId... only) {
      purposes = only.clone();
      return this;
    }

    /** Is an authority's. */
    public Request authority() {
      authority = true;
      return this;
    }

    /** May be used in this way only. */
    public Request usage(int bits) {
      usage = bits;
      return this;
    }

    /** Is valid for these days, counted from now. */
    public Request days(int from, int to) {
      notBefore = Instant.now().plus(Duration.ofDays(from));
      notAfter = Instant.now().plus(Duration.ofDays(to));
      return this;
    }

    /** Is signed with SHA-1. */
    public Request sha1() {
      sha1 = true;
      return this;
    }

    /** Has an RSA key. */
    public Request rsa(int bits) {
      keys = Authority.rsa(bits);
      return this;
    }

    /** Is signed with its own key. */
    public Request selfSigned() {
      selfSigned = true;
      return this;
    }

    /** Issues it. */
    public Leaf issue() {
      X500Name subject = new X500Name("CN=leaf");
      X500Name issuer =
          selfSigned
              ? subject
              : X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
      X509v3CertificateBuilder builder = builder(issuer, keys, notBefore, notAfter, subject);
      PrivateKey signer = selfSigned ? keys.getPrivate() : key;
      String signature = signer.getAlgorithm().equals("RSA") ? SIGNATURE_RSA : SIGNATURE_EC;
      try {
        builder
            .addExtension(Extension.basicConstraints, true, new BasicConstraints(authority))
            .addExtension(Extension.keyUsage, true, new KeyUsage(usage))
            .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes))
            .addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(names.toArray(GeneralName[]::new)));
        return new Leaf(
            keys.getPrivate(),
            sign(builder, signer, sha1 ? signature.replace("SHA256", "SHA1") : signature));
      } catch (IOException | GeneralSecurityException | OperatorCreationException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }

  private static KeyPair ec() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static KeyPair rsa(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, KeyPair keys, Instant from, Instant to, X500Name subject) {
    return new JcaX509v3CertificateBuilder(
        issuer,
        BigInteger.valueOf(System.nanoTime()),
        Date.from(from),
        Date.from(to),
        subject,
        keys.getPublic());
  }

  private static X509Certificate sign(
      X509v3CertificateBuilder builder, PrivateKey key, String algorithm)
      throws IOException, GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(key)));
  }
}
