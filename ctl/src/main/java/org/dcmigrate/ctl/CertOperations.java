package org.dcmigrate.ctl;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.ctl.CertificateAuthority.Issued;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.TlsMaterial;

/** What {@code dcmctl cert} does. All of it is local. */
final class CertOperations {
  private CertOperations() {}

  static int init(Environment environment, Path directory, String trustDomain) throws CtlException {
    if (CertificateAuthority.exists(directory)) {
      throw CtlException.usage(
          "%s has an authority already; use it, or choose another --dir".formatted(directory));
    }
    try {
      CertificateAuthority authority = CertificateAuthority.create(trustDomain);
      authority.write(directory);
      say(
          environment,
          "authority of %s in %s, valid until %s; keep ca.key secret"
              .formatted(trustDomain, directory, authority.notAfter()));
      return ExitCode.DONE;
    } catch (DcmException refused) {
      throw local(refused);
    } catch (IOException failed) {
      throw unwritable(directory, failed);
    }
  }

  static int issue(Environment environment, Path directory, String name, String role, int days)
      throws CtlException {
    try {
      Issued issued = CertificateAuthority.load(directory).issue(role, name, Duration.ofDays(days));
      issued.write(directory);
      say(
          environment,
          "%s in %s, valid until %s"
              .formatted(
                  issued.identity(),
                  directory.resolve(name + ".pem"),
                  issued.certificate().getNotAfter().toInstant()));
      return ExitCode.DONE;
    } catch (DcmException refused) {
      throw local(refused);
    } catch (IOException failed) {
      throw unwritable(directory, failed);
    }
  }

  static int inspect(Environment environment, Output output, Path file, Optional<Path> ca)
      throws CtlException {
    try {
      List<X509Certificate> authorities =
          ca.isPresent() ? TlsMaterial.certificates(ca.get()) : List.of();
      CertificateReport report =
          new CertificateReport(TlsMaterial.certificates(file), authorities, Instant.now());
      output.print(report.message(), report.table(), report.identities());
      return report.problems().isEmpty() ? ExitCode.DONE : ExitCode.REFUSED;
    } catch (DcmException unusable) {
      throw local(unusable);
    }
  }

  private static void say(Environment environment, String sentence) {
    environment.out().println(sentence);
    environment.out().flush();
  }

  /** No peer refused anything here: it is the command line or a file that is wrong. */
  private static CtlException local(DcmException error) {
    return new CtlException(
        error.reason() == Reason.INTERNAL ? ExitCode.INTERNAL : ExitCode.USAGE,
        error.sentence(),
        error);
  }

  private static CtlException unwritable(Path directory, IOException failed) {
    return new CtlException(
        ExitCode.INTERNAL, directory + " cannot be written: " + failed.getMessage(), failed);
  }
}
