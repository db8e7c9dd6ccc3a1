package org.dcmigrate.ctl.pki;

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
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Date;
import java.util.List;
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
import org.dcmigrate.ctl.CtlException;
import org.dcmigrate.ctl.ExitCode;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.transport.TlsMaterial;

/**
 * A certificate authority in a directory, for clusters that have none of their own.
 *
 * <pre>
 *   DIR/ca.pem    certificate of the authority: signs leaves only; URI SAN spiffe://TRUST-DOMAIN
 *   DIR/ca.key    its key, readable by its owner only
 *   DIR/NAME.pem  certificate of a peer or operator: one URI SAN spiffe://TRUST-DOMAIN/ROLE/NAME
 *   DIR/NAME.key  its key, readable by its owner only
 * </pre>
 *
 * All keys are EC P-256. Time comes in as an argument.
 */
public final class CertificateAuthority {
  /** How long an authority's certificate is valid where nothing else is said. */
  public static final Duration AUTHORITY_LIFETIME = Duration.ofDays(3650);

  /** How long a leaf is valid where nothing else is said: short, as nothing is ever revoked. */
  public static final Duration LEAF_LIFETIME = Duration.ofDays(30);

  private static final String AUTHORITY = "ca";
  private static final String NAME = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  private static final String DOMAIN = NAME + "(\\." + NAME + ")*";
  private static final int LONGEST_DOMAIN = 180;
  private static final int SERIAL_BITS = 127;
  private static final int SAN_URI = 6;
  private static final String SPIFFE = "spiffe://";

  // Clocks of hosts differ: a certificate must be valid at once where it is brought to.
  private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(5);

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path directory;
  private final String trustDomain;
  private final X509Certificate certificate;
  private final PrivateKey key;

  private CertificateAuthority(
      Path directory, String trustDomain, X509Certificate certificate, PrivateKey key) {
    this.directory = directory;
    this.trustDomain = trustDomain;
    this.certificate = certificate;
    this.key = key;
  }

  /** What a certificate is for; the first part of the path in its identity. */
  public enum Role {
    PEER,
    OPERATOR;

    private String path() {
      return this == PEER ? "peer" : "operator";
    }
  }

  /** A certificate that was issued. */
  public record Issued(PeerId identity, Path certificate, Path key, Instant notAfter) {}

  /**
   * Makes an authority in a directory that has none.
   *
   * @throws CtlException when there is one, the trust domain is malformed, or writing fails
   */
  public static CertificateAuthority create(
      Path directory, String trustDomain, Duration lifetime, Instant now) throws CtlException {
    if (trustDomain.length() > LONGEST_DOMAIN || !trustDomain.matches(DOMAIN)) {
      throw CtlException.usage(
          "a trust domain must be like a host name in lower case, e.g. dcm.example, but was "
              + Text.quote(trustDomain));
    }
    PemFiles files = new PemFiles(directory, AUTHORITY);
    if (files.exist()) {
      throw CtlException.usage(
          "%s has an authority already; use it, or choose another --dir".formatted(directory));
    }
    try {
      KeyPair keys = newKeys();
      X500Name name = name("DCM CA " + trustDomain);
      X509v3CertificateBuilder builder =
          builder(name, name, now, now.plus(lifetime), keys.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectAlternativeName, false, uri(SPIFFE + trustDomain));
      X509Certificate certificate = sign(builder, keys.getPrivate());
      files.createDirectory();
      files.write(keys.getPrivate(), List.of(certificate));
      return new CertificateAuthority(directory, trustDomain, certificate, keys.getPrivate());
    } catch (IOException | GeneralSecurityException | OperatorCreationException failed) {
      throw failed("the authority cannot be made in " + directory, failed);
    }
  }

  /**
   * Opens the authority of a directory.
   *
   * @throws CtlException when there is none, or its files are not usable
   */
  public static CertificateAuthority open(Path directory) throws CtlException {
    PemFiles files = new PemFiles(directory, AUTHORITY);
    if (!Files.exists(files.certificate())) {
      throw CtlException.usage(
          "%s has no authority; make one with: dcmctl cert init --dir %s"
              .formatted(directory, directory));
    }
    try {
      X509Certificate certificate = TlsMaterial.certificates(files.certificate()).getFirst();
      return new CertificateAuthority(
          directory, trustDomain(certificate, files), certificate, files.readKey());
    } catch (DcmException unusable) {
      throw CtlException.usage(unusable.sentence());
    } catch (IOException | GeneralSecurityException | IllegalArgumentException unreadable) {
      throw new CtlException(
          ExitCode.USAGE,
          files.key() + " cannot be read as the authority's key; may this user read it?",
          unreadable);
    }
  }

  /**
   * Issues a certificate with a fresh key, in place of an earlier one of that name.
   *
   * @throws CtlException when the name is malformed, the lifetime exceeds the authority's, or
   *     writing fails
   */
  public Issued issue(String name, Role role, Duration lifetime, Instant now)
      throws CtlException {
    if (!name.matches(NAME) || name.equals(AUTHORITY)) {
      throw CtlException.usage(
          "a name must be 1 to 63 characters of a-z, 0-9 and -, not ca, but was "
              + Text.quote(name));
    }
    Instant notAfter = now.plus(lifetime).truncatedTo(ChronoUnit.SECONDS);
    Instant last = certificate.getNotAfter().toInstant();
    if (lifetime.isNegative() || lifetime.isZero() || notAfter.isAfter(last)) {
      throw CtlException.usage(
          "the certificate must end after now and before the authority's, at " + last);
    }
    PeerId identity = new PeerId(SPIFFE + trustDomain + "/" + role.path() + "/" + name);
    PemFiles files = new PemFiles(directory, name);
    try {
      KeyPair keys = newKeys();
      X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
      X509v3CertificateBuilder builder =
          builder(issuer, name(name), now, notAfter, keys.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(
                      new KeyPurposeId[] {
                        KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                      }))
              .addExtension(Extension.subjectAlternativeName, false, uri(identity.uri()))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  new JcaX509ExtensionUtils()
                      .createAuthorityKeyIdentifier(certificate.getPublicKey()));
      files.write(keys.getPrivate(), List.of(sign(builder, key)));
    } catch (IOException | GeneralSecurityException | OperatorCreationException failed) {
      throw failed("no certificate can be issued in " + directory, failed);
    }
    return new Issued(identity, files.certificate(), files.key(), notAfter);
  }

  /** The file with the authority's certificate. */
  public Path certificateFile() {
    return new PemFiles(directory, AUTHORITY).certificate();
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

  private static String trustDomain(X509Certificate certificate, PemFiles files)
      throws CtlException, CertificateParsingException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    for (List<?> name : names == null ? List.<List<?>>of() : names) {
      String uri = String.valueOf(name.get(1));
      if (name.get(0).equals(SAN_URI) && uri.matches(SPIFFE + DOMAIN)) {
        return uri.substring(SPIFFE.length());
      }
    }
    throw CtlException.usage(
        files.certificate() + " names no trust domain (URI SAN spiffe://TRUST-DOMAIN)");
  }

  private static CtlException failed(String what, Exception cause) {
    return new CtlException(ExitCode.INTERNAL, what + ": " + cause.getMessage(), cause);
  }
}
