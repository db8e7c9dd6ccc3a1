package org.dcmigrate.ctl;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.transport.TlsMaterial;

/**
 * A certificate authority, for clusters that have none of their own. In a directory it is
 *
 * <pre>
 *   DIR/ca.pem    certificate of the authority: signs leaves only; URI SAN spiffe://TRUST-DOMAIN
 *   DIR/ca.key    its key, readable by its owner only
 *   DIR/NAME.pem  certificate of a peer or operator: one URI SAN spiffe://TRUST-DOMAIN/ROLE/NAME
 *   DIR/NAME.key  its key, readable by its owner only
 * </pre>
 *
 * All keys are EC P-256.
 */
public final class CertificateAuthority {
  /** How long an authority's certificate is valid: ten years. */
  public static final Duration LIFETIME = Duration.ofDays(3650);

  /** How long a leaf is valid where nothing else is said: short, as nothing is ever revoked. */
  public static final Duration LEAF_LIFETIME = Duration.ofDays(30);

  private static final String AUTHORITY = "ca";
  private static final Set<String> ROLES = Set.of("peer", "operator");
  private static final String NAME = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  private static final String DOMAIN = NAME + "(\\." + NAME + ")*";
  private static final int LONGEST_DOMAIN = 150;
  private static final int SERIAL_BITS = 127;
  private static final int SAN_URI = 6;
  private static final String SPIFFE = "spiffe://";

  // Clocks of hosts differ: a certificate must be valid at once where it is brought to.
  private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(5);

  private static final SecureRandom RANDOM = new SecureRandom();

  private final String trustDomain;
  private final X509Certificate certificate;
  private final PrivateKey key;

  private CertificateAuthority(String trustDomain, X509Certificate certificate, PrivateKey key) {
    this.trustDomain = trustDomain;
    this.certificate = certificate;
    this.key = key;
  }

  /** A certificate that was issued, with its key. */
  public record Issued(
      String name,
      PeerId identity,
      X509Certificate certificate,
      PrivateKey key,
      X509Certificate authority) {

    /** Writes NAME.pem and NAME.key, and ca.pem where there is none. Earlier ones are replaced. */
    public void write(Path directory) throws IOException {
      PemFiles ca = new PemFiles(directory, AUTHORITY);
      ca.createDirectory();
      if (!Files.exists(ca.certificate())) {
        ca.writeCertificate(authority);
      }
      PemFiles files = new PemFiles(directory, name);
      files.writeKey(key);
      files.writeCertificate(certificate);
    }
  }

  /**
   * Makes an authority, in memory.
   *
   * @throws DcmException FIELD_INVALID when the trust domain is malformed
   */
  public static CertificateAuthority create(String trustDomain) throws DcmException {
    return create(trustDomain, LIFETIME, Instant.now());
  }

  /** The same with a lifetime, from a given moment. */
  static CertificateAuthority create(String trustDomain, Duration lifetime, Instant now)
      throws DcmException {
    if (trustDomain.length() > LONGEST_DOMAIN || !trustDomain.matches(DOMAIN)) {
      throw invalid(
          "a trust domain must be like a host name in lower case, e.g. dcm.example, but was "
              + Text.quote(trustDomain));
    }
    try {
      KeyPair keys = newKeys();
      X500Name name = name("DCM CA " + trustDomain);
      X509v3CertificateBuilder builder =
          builder(name, name, now, now.plus(lifetime), keys.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(Extension.subjectAlternativeName, false, uri(SPIFFE + trustDomain));
      return new CertificateAuthority(
          trustDomain, sign(builder, keys.getPrivate()), keys.getPrivate());
    } catch (IOException | GeneralSecurityException | OperatorCreationException failed) {
      throw failed(failed);
    }
  }

  /**
   * Reads the authority of a directory.
   *
   * @throws DcmException FIELD_INVALID when there is none, or its files are not usable
   */
  public static CertificateAuthority load(Path directory) throws DcmException {
    PemFiles files = new PemFiles(directory, AUTHORITY);
    if (!Files.exists(files.certificate())) {
      throw invalid(
          "%s has no authority; make one with: dcmctl cert init --dir %s"
              .formatted(directory, directory));
    }
    X509Certificate certificate = TlsMaterial.certificates(files.certificate()).getFirst();
    try {
      return new CertificateAuthority(
          trustDomain(certificate, files.certificate()), certificate, files.readKey());
    } catch (IOException | GeneralSecurityException | IllegalArgumentException unreadable) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          files.key() + " cannot be read as the authority's key; may this user read it?",
          unreadable);
    }
  }

  /** Whether a directory has an authority already. */
  public static boolean exists(Path directory) {
    PemFiles files = new PemFiles(directory, AUTHORITY);
    return Files.exists(files.certificate()) || Files.exists(files.key());
  }

  /** Writes ca.pem and ca.key into a directory, which is made where there is none. */
  public void write(Path directory) throws IOException {
    PemFiles files = new PemFiles(directory, AUTHORITY);
    files.createDirectory();
    files.writeKey(key);
    files.writeCertificate(certificate);
  }

  /**
   * Issues a certificate with a fresh key.
   *
   * @param role peer or operator
   * @throws DcmException FIELD_INVALID when role or name is malformed, or the certificate would end
   *     after the authority's
   */
  public Issued issue(String role, String name, Duration lifetime) throws DcmException {
    return issue(role, name, lifetime, Instant.now());
  }

  /** The same from a given moment. */
  Issued issue(String role, String name, Duration lifetime, Instant now) throws DcmException {
    if (!ROLES.contains(role)) {
      throw invalid("a role must be peer or operator, but was " + Text.quote(role));
    }
    if (!name.matches(NAME) || name.equals(AUTHORITY)) {
      throw invalid(
          "a name must be 1 to 63 characters of a-z, 0-9 and -, not ca, but was "
              + Text.quote(name));
    }
    Instant notAfter = now.plus(lifetime);
    if (!notAfter.isAfter(now) || notAfter.isAfter(notAfter())) {
      throw invalid("a certificate must end after now and before its authority, at " + notAfter());
    }
    PeerId identity = new PeerId(SPIFFE + trustDomain + "/" + role + "/" + name);
    try {
      KeyPair keys = newKeys();
      X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
      KeyPurposeId[] purposes = {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth};
      X509v3CertificateBuilder builder =
          builder(issuer, name(name), now, notAfter, keys.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes))
              .addExtension(Extension.subjectAlternativeName, false, uri(identity.uri()))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  new JcaX509ExtensionUtils()
                      .createAuthorityKeyIdentifier(certificate.getPublicKey()));
      return new Issued(name, identity, sign(builder, key), keys.getPrivate(), certificate);
    } catch (IOException | GeneralSecurityException | OperatorCreationException failed) {
      throw failed(failed);
    }
  }

  /** The first part of every identity issued here. */
  public String trustDomain() {
    return trustDomain;
  }

  /** Until when the authority's certificate is valid. */
  public Instant notAfter() {
    return certificate.getNotAfter().toInstant();
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, X500Name subject, Instant from, Instant to, PublicKey key)
      throws IOException, GeneralSecurityException {
    return new JcaX509v3CertificateBuilder(
            issuer,
            new BigInteger(SERIAL_BITS, RANDOM).add(BigInteger.ONE),
            Date.from(from.minus(CLOCK_TOLERANCE)),
            Date.from(to),
            subject,
            key)
        .addExtension(
            Extension.subjectKeyIdentifier,
            false,
            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key));
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws OperatorCreationException, GeneralSecurityException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
  }

  private static KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static X500Name name(String commonName) {
    return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, commonName).build();
  }

  private static GeneralNames uri(String uri) {
    return new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
  }

  private static String trustDomain(X509Certificate certificate, Path file)
      throws DcmException, CertificateParsingException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    for (List<?> name : names == null ? List.<List<?>>of() : names) {
      String uri = String.valueOf(name.get(1));
      if (name.get(0).equals(SAN_URI) && uri.matches(SPIFFE + DOMAIN)) {
        return uri.substring(SPIFFE.length());
      }
    }
    throw invalid(file + " names no trust domain (URI SAN spiffe://TRUST-DOMAIN)");
  }

  private static DcmException invalid(String sentence) {
    return new DcmException(Reason.FIELD_INVALID, sentence);
  }

  private static DcmException failed(Exception cause) {
    return new DcmException(
        Reason.INTERNAL, "no certificate can be made: " + cause.getMessage(), cause);
  }
}
