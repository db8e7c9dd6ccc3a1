package org.dcmigrate.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import org.dcmigrate.ctl.FakePeer.Result;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.transport.TlsMaterial;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertCommandTest {
  @TempDir Path parent;
  private Path directory;
  private FakePeer peer;

  @BeforeEach
  void init() throws Exception {
    peer = new FakePeer();
    directory = parent.resolve("pki");
    assertThat(run("init", "--trust-domain", "lab.example").exitCode()).isZero();
  }

  @AfterEach
  void stop() {
    peer.close();
  }

  @Test
  void whatIsIssuedCanBeUsed() throws Exception {
    assertThat(run("issue", "host-a", "--role", "peer").exitCode()).isZero();

    TlsMaterial material = load("host-a", "host-a");
    assertThat(material.identity().uri()).isEqualTo("spiffe://lab.example/peer/host-a");
    assertThat(material.chain().getFirst().getNotAfter().toInstant())
        .isBetween(
            Instant.now().plus(Duration.ofDays(29)), Instant.now().plus(Duration.ofDays(31)));
    for (String key : new String[] {"ca.key", "host-a.key"}) {
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(key))))
          .isEqualTo("rw-------");
    }
    try (var files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("ca.pem", "ca.key", "host-a.pem", "host-a.key");
    }
  }

  @Test
  void anIssuedCertificateIsRenewedInPlace() throws Exception {
    run("issue", "alice", "--role", "operator");
    var first = load("alice", "alice").chain().getFirst();
    run("issue", "alice", "--role", "operator", "--days", "1");

    assertThat(load("alice", "alice").chain().getFirst()).isNotEqualTo(first);
  }

  @Test
  void authorityLastsTenYears() {
    // A certificate that would end after its authority is refused.
    assertThat(run("issue", "long", "--role", "peer", "--days", "3649").exitCode()).isZero();
    assertThat(run("issue", "long", "--role", "peer", "--days", "3651").exitCode())
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void mistakesAreRefused() {
    assertThat(run("init").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run("issue", "ca", "--role", "peer").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run("issue", "../x", "--role", "peer").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run("issue", "x", "--role", "boss").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run("issue", "x", "--role", "peer", "--days", "0").exitCode())
        .isEqualTo(ExitCode.USAGE);
    assertThat(run("issue", "x", "--role", "peer", "--days", "9999").exitCode())
        .isEqualTo(ExitCode.USAGE);
    assertThat(peer.run("cert", "issue", "x", "--role", "peer", "--dir", parent + "/none").err())
        .contains("dcmctl cert init");
  }

  @Test
  void inspectTellsWhatIsWrong() throws Exception {
    run("issue", "host-a", "--role", "peer");
    String file = directory.resolve("host-a.pem").toString();
    String ca = directory.resolve("ca.pem").toString();

    Result good = peer.run("cert", "inspect", file, "--ca", ca);
    assertThat(good.exitCode()).as(good.out() + good.err()).isZero();
    assertThat(good.out()).contains("spiffe://lab.example/peer/host-a").contains("none");
    assertThat(peer.run("cert", "inspect", ca, "--ca", ca).exitCode()).isZero();
    assertThat(peer.run("cert", "inspect", file, "-o", "json").out()).contains("\"problems\": []");

    TestAuthority other = TestAuthority.root("other");
    other
        .leaf("spiffe://lab.example/peer/b")
        .uri("spiffe://lab.example/peer/c")
        .issue()
        .write(parent, "two");
    Result two = peer.run("cert", "inspect", parent + "/two.pem");
    assertThat(two.exitCode()).isEqualTo(ExitCode.REFUSED);
    assertThat(two.out()).contains("PROBLEM").contains("exactly one URI SAN, but has 2");
    other.leaf("spiffe://lab.example/peer/b").issue().write(parent, "foreign");
    assertThat(peer.run("cert", "inspect", parent + "/foreign.pem", "--ca", ca).out())
        .contains("does not end at the CA");
    assertThat(peer.run("cert", "inspect", parent + "/none.pem").exitCode())
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void materialThatCannotWorkIsToldByFile() throws Exception {
    run("issue", "a", "--role", "peer");
    run("issue", "b", "--role", "peer");

    assertThat(loadFailure("a", "b")).contains("b.key is not the key of the certificate in");
    assertThat(loadFailure("a", "none")).contains("none.key cannot be read; does it exist");
    Files.writeString(directory.resolve("junk.pem"), "junk");
    Files.writeString(directory.resolve("junk.key"), "junk");
    assertThat(loadFailure("junk", "a")).contains("junk.pem");
    assertThat(loadFailure("a", "junk")).contains("junk.key").contains("BEGIN PRIVATE KEY");
    TestAuthority authority = TestAuthority.root("x");
    authority
        .leaf("spiffe://x/peer/a")
        .valid(Instant.now().minus(Duration.ofDays(3)), Duration.ofDays(1))
        .issue()
        .write(directory, "old");
    assertThat(loadFailure("old", "old")).contains("old.pem expired at");
  }

  private Result run(String command, String... arguments) {
    String[] all = new String[arguments.length + 4];
    all[0] = "cert";
    all[1] = command;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    all[all.length - 2] = "--dir";
    all[all.length - 1] = directory.toString();
    return peer.run(all);
  }

  private TlsMaterial load(String certificate, String key) throws DcmException {
    return TlsMaterial.load(
        directory.resolve("ca.pem"),
        directory.resolve(certificate + ".pem"),
        directory.resolve(key + ".key"));
  }

  private String loadFailure(String certificate, String key) {
    try {
      return "loaded as " + load(certificate, key).identity();
    } catch (DcmException refused) {
      return refused.sentence();
    }
  }
}
