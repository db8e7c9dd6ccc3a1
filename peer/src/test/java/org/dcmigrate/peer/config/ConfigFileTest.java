package org.dcmigrate.peer.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {
  private static final Path BASE = Path.of("/etc/dcm");
  private static final String LEAST =
      """
      name: host-a
      listen: 0.0.0.0:7443
      stateDirectory: /var/lib/dcm
      runDirectory: /dev/shm/dcm
      tls: {ca: ca.pem, certificate: cert.pem, key: keys/key.pem}
      """;

  @TempDir Path directory;

  @Test
  void theLeastConfigurationHasDefaults() throws Exception {
    DcmdConfig config = ConfigFile.parse(LEAST, BASE);

    assertThat(config.tls())
        .contains(
            new DcmdConfig.Tls(
                Path.of("/etc/dcm/ca.pem"),
                Path.of("/etc/dcm/cert.pem"),
                Path.of("/etc/dcm/keys/key.pem")));
    assertThat(config.identity()).isEmpty();
    assertThat(config.limits()).isEqualTo(DcmdConfig.Limits.DEFAULT);
    assertThat(config.timeouts()).isEqualTo(Timeouts.DEFAULT);
    assertThat(config.digest()).isEqualTo(PageDigest.Algorithm.CRC64);
    assertThat(config.peers()).isEmpty();
    assertThat(config.operators()).isEmpty();
    assertThat(config.trace()).isEmpty();
    assertThat(config.compression()).isEqualTo(CompressionMode.AUTO);
  }

  @Test
  void everythingCanBeSaid() throws Exception {
    DcmdConfig config =
        ConfigFile.parse(
            LEAST
                + """
                identity: spiffe://dcm.example/peer/host-a
                digest: sha256
                peers:
                  - {name: host-b, endpoint: "host-b:7443", identity: "spiffe://dcm.example/peer/host-b"}
                operators: ["spiffe://dcm.example/operator/alice"]
                limits: {egressBytesPerSecond: 100MiB, migrations: 2, guests: 3, memoryBytes: 1GiB}
                timeouts: {lease: 2s, open: 1m, parked: 1h, sendStall: 500ms, guestSetUp: 5m}
                guests:
                  synthetic:
                    - {name: g, memory: 64MiB, writesPerSecond: 7, pattern: hot-set, seed: -1, zeroPercent: 50, repeatedPercent: 60}
                  qemu:
                    - {name: web-1, qmp: qmp.sock, memory: {pc.ram: /dev/shm/x}}
                qemu:
                  templates:
                    - {guest: "web-*", command: [qemu-system-x86_64, -m, "${ram:pc.ram}"]}
                trace: host-a.trace
                compression: off
                """,
            BASE);

    assertThat(config.peers())
        .containsExactly(
            new DcmdConfig.Peer(
                "host-b", "host-b:7443", new PeerId("spiffe://dcm.example/peer/host-b")));
    assertThat(config.operators())
        .containsExactly(new PeerId("spiffe://dcm.example/operator/alice"));
    assertThat(config.limits()).isEqualTo(new DcmdConfig.Limits(100L << 20, 2, 3, 1L << 30));
    assertThat(config.timeouts().lease()).isEqualTo(Duration.ofSeconds(2));
    assertThat(config.timeouts().parked()).isEqualTo(Duration.ofHours(1));
    assertThat(config.timeouts().sendStall()).isEqualTo(Duration.ofMillis(500));
    assertThat(config.timeouts().guestSetUp()).isEqualTo(Duration.ofMinutes(5));
    assertThat(config.timeouts().switchover()).isEqualTo(Timeouts.DEFAULT.switchover());
    assertThat(config.syntheticGuests())
        .containsExactly(new DcmdConfig.SyntheticGuest("g", 64L << 20, 7, true, -1, 50, 60));
    assertThat(config.qemuGuests())
        .containsExactly(
            new DcmdConfig.QemuGuest(
                "web-1", BASE.resolve("qmp.sock"), Map.of("pc.ram", Path.of("/dev/shm/x"))));
    assertThat(config.qemuTemplates())
        .containsExactly(
            new DcmdConfig.QemuTemplate(
                "web-*", List.of("qemu-system-x86_64", "-m", "${ram:pc.ram}")));
    assertThat(config.trace()).contains(BASE.resolve("host-a.trace"));
    assertThat(config.compression()).isEqualTo(CompressionMode.OFF);
  }

  @Test
  void plaintextNeedsAnIdentityAndExcludesTls() throws Exception {
    String open = LEAST.replaceAll("tls:.*\n", "plaintextOnLoopback: true\n");

    assertThat(complaint(open)).contains("identity is missing");
    assertThat(ConfigFile.parse(open + "identity: spiffe://d/peer/a\n", BASE).tls()).isEmpty();
    assertThat(complaint(LEAST + "plaintextOnLoopback: true\n")).contains("exactly one of tls");
    assertThat(complaint(LEAST.replaceAll("tls:.*\n", ""))).contains("exactly one of tls");
  }

  @Test
  void keysThatNobodyKnowsAreRefused() {
    assertThat(complaint(LEAST + "colour: red\n"))
        .contains("colour is not a known key")
        .contains("listen");
    assertThat(complaint(LEAST + "limits: {migration: 3}\n")).contains("limits.migration is not");
    assertThat(complaint(LEAST + "guests: {vbox: []}\n")).contains("guests.vbox is not");
    assertThat(complaint(LEAST + "peers: [{name: b, endpoint: \"b:1\", identity: x, port: 1}]\n"))
        .contains("peers[0].port is not");
  }

  @Test
  void mistakesNameTheKeyAndWhatWasExpected() {
    assertThat(complaint(LEAST.replace("host-a", "Host_A"))).contains("name must be 1 to 63");
    assertThat(complaint(LEAST.replace("0.0.0.0:7443", "7443"))).contains("listen must be HOST:P");
    assertThat(complaint(LEAST + "compression: lz4\n")).contains("auto or off").contains("lz4");
    assertThat(complaint(LEAST + "limits: {migrations: many}\n"))
        .contains("limits.migrations must be a whole number from 1 to 10000")
        .contains("\"many\"");
    assertThat(complaint(LEAST + "limits: {migrations: 0}\n")).contains("from 1 to 10000");
    assertThat(complaint(LEAST + "limits: {memoryBytes: 1.5GiB}\n")).contains("512MiB");
    assertThat(complaint(LEAST + "timeouts: {lease: 30}\n")).contains("500ms, 30s, 10m or 1h");
    assertThat(complaint(LEAST + "timeouts: {lease: 500ms}\n")).contains("1s to 1h");
    assertThat(complaint(LEAST + "digest: md5\n")).contains("crc64 or sha256");
    assertThat(complaint(LEAST + "operators: [\"\"]\n")).contains("operators must be an identity");
    assertThat(complaint(LEAST + "operators: alice\n")).contains("operators must be a list");
    assertThat(complaint(LEAST + "guests: {synthetic: [{name: g, zeroPercent: 101}]}\n"))
        .contains("guests.synthetic[0].zeroPercent");
    assertThat(complaint(LEAST + "qemu: {templates: [{guest: x}]}\n"))
        .contains("command is missing");
    assertThat(complaint(LEAST.replace("name: host-a\n", ""))).contains("name is missing");
    assertThat(complaint(LEAST.replace("tls: {ca: ca.pem, ", "tls: {")))
        .contains("tls.ca is missing");
  }

  @Test
  void nothingMayBeSaidTwice() {
    assertThat(complaint(LEAST + "name: host-b\n")).contains("name").contains("line");
    assertThat(
            complaint(
                LEAST
                    + """
                    peers:
                      - {name: b, endpoint: "b:1", identity: x}
                      - {name: b, endpoint: "c:1", identity: y}
                    """))
        .contains("must differ");
  }

  @Test
  void whatIsNoConfigurationIsTold() throws Exception {
    assertThat(complaint("")).contains("empty");
    assertThat(complaint("- 1")).contains("mapping");
    assertThat(complaint("name: [")).contains("not valid YAML").contains("line");
    assertThat(complaint("a: &x [1]\nb: [*x, *x]\n")).contains("YAML");
    Path file = directory.resolve("dcmd.yaml");
    assertThat(readComplaint(file)).startsWith(file + ": cannot be read");
    Files.writeString(file, LEAST + "colour: red\n");
    assertThat(readComplaint(file)).startsWith(file + ": colour is not a known key");
  }

  private static String complaint(String yaml) {
    return sentence(
        catchThrowableOfType(ConfigException.class, () -> ConfigFile.parse(yaml, BASE)), yaml);
  }

  private static String readComplaint(Path file) {
    return sentence(
        catchThrowableOfType(ConfigException.class, () -> ConfigFile.read(file)), file.toString());
  }

  private static String sentence(ConfigException complaint, String what) {
    assertThat(complaint).as(what).isNotNull();
    return complaint.sentence();
  }
}
