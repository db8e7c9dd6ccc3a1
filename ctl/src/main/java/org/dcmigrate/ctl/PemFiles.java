package org.dcmigrate.ctl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;

/** The two files of one certificate: NAME.pem and NAME.key, in PEM form, replaced as a whole. */
final class PemFiles {
  private static final String OWNER_ONLY = "rw-------";
  private static final String ALL_READ = "rw-r--r--";
  private static final String KEY = "PRIVATE KEY";
  private static final int LINE = 64;

  private final Path directory;
  private final String name;

  PemFiles(Path directory, String name) {
    this.directory = directory;
    this.name = name;
  }

  Path certificate() {
    return directory.resolve(name + ".pem");
  }

  Path key() {
    return directory.resolve(name + ".key");
  }

  void createDirectory() throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory, permissions("rwx------"));
    }
  }

  void writeKey(PrivateKey key) throws IOException {
    replace(key(), pem(KEY, key.getEncoded()), OWNER_ONLY);
  }

  void writeCertificate(X509Certificate... chain) throws IOException {
    StringBuilder text = new StringBuilder();
    try {
      for (X509Certificate each : chain) {
        text.append(pem("CERTIFICATE", each.getEncoded()));
      }
    } catch (CertificateEncodingException malformed) {
      throw new IOException("the certificate cannot be written", malformed);
    }
    replace(certificate(), text.toString(), ALL_READ);
  }

  PrivateKey readKey() throws IOException, GeneralSecurityException {
    String body = Files.readString(key()).replaceAll("-----(BEGIN|END) " + KEY + "-----", "");
    byte[] der = Base64.getMimeDecoder().decode(body.strip());
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  /** A reader sees the old file or the new one, also after a loss of power. */
  private void replace(Path file, String text, String permissions) throws IOException {
    // Made with its permissions: a key must not be readable by others even for a moment.
    Path fresh = Files.createTempFile(directory, "." + name, ".new", permissions(OWNER_ONLY));
    try {
      try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(permissions));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
    try (FileChannel names = FileChannel.open(directory, EnumSet.of(StandardOpenOption.READ))) {
      names.force(true);
    }
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der), type);
  }

  private static FileAttribute<Set<PosixFilePermission>> permissions(String text) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
  }
}
