package org.dcmigrate.ctl;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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

/** An authority that also issues what must be refused. */
final class TestAuthority {
  private final X500Name name;
  private final KeyPair keys;
  private final X509Certificate certificate;

  private TestAuthority(X500Name name, KeyPair keys, X509Certificate certificate) {
    this.name = name;
    this.keys = keys;
    this.certificate = certificate;
  }

  /** A leaf with its chain and key. */
  record Leaf(PrivateKey key, List<X509Certificate> chain) {
    X509Certificate[] chainArray() {
      return chain.toArray(X509Certificate[]::new);
    }

    X509Certificate certificate() {
      return chain.getFirst();
    }

    /** Writes NAME.pem and NAME.key. */
    void write(Path directory, String name) throws Exception {
      PemFiles files = new PemFiles(directory, name);
      files.writeKey(key);
      files.writeCertificate(chainArray());
    }
  }

  static TestAuthority root(String commonName) throws Exception {
    KeyPair keys = ec("secp256r1");
    X500Name name = new X500Name("CN=" + commonName);
    return new TestAuthority(name, keys, authority(name, name, keys, keys.getPrivate(), 1));
  }

  /** An authority under this one. */
  TestAuthority intermediate(String commonName, Duration lifetime) throws Exception {
    return intermediate(commonName, lifetime, "SHA256withECDSA");
  }

  TestAuthority intermediate(String commonName, Duration lifetime, String signature)
      throws Exception {
    KeyPair own = ec("secp256r1");
    X500Name under = new X500Name("CN=" + commonName);
    X509v3CertificateBuilder builder =
        start(name, under, own, Instant.now().minus(Duration.ofDays(2)), lifetime)
            .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
            .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
    return new TestAuthority(under, own, sign(builder, keys.getPrivate(), signature));
  }

  X509Certificate certificate() {
    return certificate;
  }

  /** A leaf that plays the authority. */
  TestAuthority under(Leaf leaf) {
    return new TestAuthority(
        new X500Name("CN=leaf"),
        new KeyPair(leaf.certificate().getPublicKey(), leaf.key()),
        leaf.certificate());
  }

  /** Writes ca.pem. */
  Path write(Path directory) throws Exception {
    PemFiles files = new PemFiles(directory, "ca");
    files.writeCertificate(certificate);
    return files.certificate();
  }

  /** A leaf as it should be, to be spoilt. */
  Request leaf(String uri) {
    return new Request().uri(uri);
  }

  final class Request {
    private final List<GeneralName> names = new ArrayList<>();
    private KeyPurposeId[] purposes = {
      KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
    };
    private boolean authority;
    private int usage = KeyUsage.digitalSignature;
    private Instant notBefore = Instant.now().minus(Duration.ofHours(1));
    private Duration lifetime = Duration.ofDays(1);
    private String signature = "SHA256withECDSA";
    private KeyPair leafKeys;
    private boolean selfSigned;
    private List<X509Certificate> between = List.of();

    private Request() {
      leafKeys = ec("secp256r1");
    }

    Request uri(String uri) {
      names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
      return this;
    }

    Request onlyDns(String host) {
      names.clear();
      names.add(new GeneralName(GeneralName.dNSName, host));
      return this;
    }

    Request purposes(KeyPurposeId... only) {
      purposes = only;
      return this;
    }

    Request authority() {
      authority = true;
      return this;
    }

    Request usage(int bits) {
      usage = bits;
      return this;
    }

    Request valid(Instant from, Duration duration) {
      notBefore = from;
      lifetime = duration;
      return this;
    }

    Request signature(String algorithm) {
      signature = algorithm;
      return this;
    }

    Request keys(KeyPair pair) {
      leafKeys = pair;
      return this;
    }

    Request selfSigned() {
      selfSigned = true;
      return this;
    }

    Request between(X509Certificate... intermediates) {
      between = List.of(intermediates);
      return this;
    }

    Leaf issue() throws Exception {
      X500Name subject = new X500Name("CN=leaf");
      X509v3CertificateBuilder builder =
          start(selfSigned ? subject : name, subject, leafKeys, notBefore, lifetime);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      if (usage != 0) {
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
      }
      if (purposes.length > 0) {
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
      }
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
      List<X509Certificate> chain = new ArrayList<>();
      chain.add(sign(builder, selfSigned ? leafKeys.getPrivate() : keys.getPrivate(), signature));
      chain.addAll(between);
      return new Leaf(leafKeys.getPrivate(), chain);
    }
  }

  static KeyPair ec(String curve) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(curve));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException impossible) {
      throw new AssertionError(impossible);
    }
  }

  static KeyPair rsa(int bits) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(bits);
    return generator.generateKeyPair();
  }

  private static X509Certificate authority(
      X500Name issuer, X500Name subject, KeyPair keys, PrivateKey signer, int pathLength)
      throws Exception {
    X509v3CertificateBuilder builder =
        start(issuer, subject, keys, Instant.now().minusSeconds(60), Duration.ofDays(10))
            .addExtension(Extension.basicConstraints, true, new BasicConstraints(pathLength))
            .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
    return sign(builder, signer, "SHA256withECDSA");
  }

  private static X509v3CertificateBuilder start(
      X500Name issuer, X500Name subject, KeyPair keys, Instant from, Duration lifetime) {
    return new JcaX509v3CertificateBuilder(
        issuer,
        BigInteger.valueOf(System.nanoTime()),
        Date.from(from),
        Date.from(from.plus(lifetime)),
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
