package org.dcmigrate.conformance.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dcmigrate.conformance.adapter.Adapter;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.Declared;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.conformance.v1.Claim;
import org.dcmigrate.conformance.v1.Description;
import org.dcmigrate.conformance.v1.KnownPeer;
import org.dcmigrate.conformance.v1.PrepareRequest;
import org.dcmigrate.conformance.v1.TlsFiles;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;

/**
 * A peer that its adapter has started for the suite, with identities, ports, certificates and a
 * directory of its own. All of them end with it.
 */
public final class StartedTarget implements AutoCloseable {
  private static final String DOMAIN = "conformance.test";
  private static final String TARGET = "target";
  private static final String OPERATOR = "tester-operator";
  private static final List<String> PERSONAS = List.of("tester", "tester-2", "tester-witness");
  private static final int HIGHEST_LEVEL = 4;
  private static final long CERTIFICATE_SECONDS = 60;

  private final Path directory;
  private final Adapter adapter;
  private final TargetConfig config;

  private StartedTarget(Path directory, Adapter adapter, TargetConfig config) {
    this.directory = directory;
    this.adapter = adapter;
    this.config = config;
  }

  /**
   * Starts a peer.
   *
   * @param command of its adapter
   * @param in the directory in which the command runs
   * @param dcmctl makes the certificates for TLS; empty: over plaintext
   * @throws DcmException when adapter or peer cannot be started
   */
  public static StartedTarget start(List<String> command, Path in, Optional<Path> dcmctl)
      throws DcmException {
    boolean tls = dcmctl.isPresent();
    Path directory;
    try {
      directory = Files.createTempDirectory("dcm-conformance-");
    } catch (IOException cannot) {
      throw new DcmException(Reason.INTERNAL, "no directory can be made: " + cannot, cannot);
    }
    Optional<Adapter> begun = Optional.empty();
    try {
      if (dcmctl.isPresent()) {
        issue(directory.resolve("pki"), dcmctl.get());
      }
      Adapter adapter = Adapter.start(command, in);
      begun = Optional.of(adapter);
      Description description = adapter.describe();
      Claims claims = claims(description);
      Map<String, Integer> ports =
          FreePorts.each(Stream.concat(Stream.of(TARGET), PERSONAS.stream()).toList());
      String listen = endpoint(ports, TARGET);
      List<Persona> personas = new ArrayList<>();
      for (String name : PERSONAS) {
        personas.add(
            new Persona(
                name, security(directory, "peer", name, tls), Optional.of(endpoint(ports, name))));
      }
      Security operator = security(directory, "operator", OPERATOR, tls);
      adapter.prepare(request(directory, listen, personas, operator, tls));
      adapter.start();
      Optional<Authority> authority = Optional.empty();
      if (tls) {
        Path pki = directory.resolve("pki");
        authority = Optional.of(Authority.load(pki.resolve("ca.pem"), pki.resolve("ca.key")));
      }
      Cast cast =
          new Cast(
              listen,
              identity("peer", TARGET),
              personas.get(0),
              Optional.of(personas.get(1)),
              Optional.of(personas.get(2)),
              Optional.of(operator),
              authority,
              Optional.of(adapter),
              silence(description),
              Declared.of(description.getCapabilitiesList(), claims.level("source") > 0));
      return new StartedTarget(
          directory, adapter, new TargetConfig(cast, claims, Optional.empty(), List.of()));
    } catch (DcmException | IOException failed) {
      begun.ifPresent(Adapter::close);
      delete(directory);
      throw failed instanceof DcmException told
          ? told
          : new DcmException(Reason.INTERNAL, "the target cannot be set up: " + failed, failed);
    }
  }

  /**
   * What a peer claims that is not started.
   *
   * @param command of its adapter
   * @param in the directory in which the command runs
   */
  public static Claims claims(List<String> command, Path in) throws DcmException {
    try (Adapter adapter = Adapter.start(command, in)) {
      return claims(adapter.describe());
    }
  }

  private static Duration silence(Description description) {
    return description.getSilenceMs() == 0
        ? Cast.SILENCE
        : Duration.ofMillis(Integer.toUnsignedLong(description.getSilenceMs()));
  }

  private static Claims claims(Description description) throws DcmException {
    Map<String, Integer> levels = new TreeMap<>();
    for (Claim claim : description.getClaimsList()) {
      if (!Claims.ROLES.contains(claim.getRole())
          || claim.getLevel() < 1
          || claim.getLevel() > HIGHEST_LEVEL) {
        throw Settings.wrong(
            "the adapter claims level %d as %s; roles are %s, levels 1 to 4"
                .formatted(claim.getLevel(), claim.getRole(), Claims.ROLES));
      }
      levels.put(claim.getRole(), claim.getLevel());
    }
    return new Claims(levels);
  }

  private static PrepareRequest request(
      Path directory, String listen, List<Persona> personas, Security operator, boolean tls)
      throws DcmException, IOException {
    PrepareRequest.Builder request =
        PrepareRequest.newBuilder()
            .setDirectory(Files.createDirectory(directory.resolve("peer")).toString())
            .setName(TARGET)
            .setIdentity(identity("peer", TARGET).uri())
            .setListen(listen);
    for (Persona persona : personas) {
      request.addPeers(
          KnownPeer.newBuilder()
              .setName(persona.name())
              .setIdentity(persona.security().identity().uri())
              .setEndpoint(persona.listen().orElseThrow()));
    }
    request.addOperators(KnownPeer.newBuilder().setIdentity(operator.identity().uri()));
    // The tester as source deletes the guests that it has given away.
    request.addOperators(
        KnownPeer.newBuilder().setIdentity(personas.getFirst().security().identity().uri()));
    if (tls) {
      request.setTls(files(directory, TARGET)).setOperatorTls(files(directory, OPERATOR));
    }
    return request.build();
  }

  private static TlsFiles files(Path directory, String name) {
    Path pki = directory.resolve("pki");
    return TlsFiles.newBuilder()
        .setCa(pki.resolve("ca.pem").toString())
        .setCertificate(pki.resolve(name + ".pem").toString())
        .setKey(pki.resolve(name + ".key").toString())
        .build();
  }

  private static Security security(Path directory, String role, String name, boolean tls)
      throws DcmException {
    if (!tls) {
      return new Security.PlaintextLoopback(identity(role, name));
    }
    Path pki = directory.resolve("pki");
    return new Security.MutualTls(
        TlsMaterial.load(
            pki.resolve("ca.pem"), pki.resolve(name + ".pem"), pki.resolve(name + ".key")));
  }

  private static PeerId identity(String role, String name) throws DcmException {
    return PeerId.parse("spiffe://%s/%s/%s".formatted(DOMAIN, role, name));
  }

  private static void issue(Path pki, Path dcmctl) throws DcmException, IOException {
    run(dcmctl, "cert", "init", "--dir", pki.toString(), "--trust-domain", DOMAIN);
    for (String name : PERSONAS) {
      run(dcmctl, "cert", "issue", "--dir", pki.toString(), "--role", "peer", name);
    }
    run(dcmctl, "cert", "issue", "--dir", pki.toString(), "--role", "peer", TARGET);
    run(dcmctl, "cert", "issue", "--dir", pki.toString(), "--role", "operator", OPERATOR);
  }

  private static void run(Path program, String... arguments) throws DcmException, IOException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      if (!process.waitFor(CERTIFICATE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new DcmException(Reason.INTERNAL, String.join(" ", command) + " failed");
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new DcmException(Reason.INTERNAL, "the tester was interrupted", interrupted);
    }
  }

  private static String endpoint(Map<String, Integer> ports, String name) {
    return "127.0.0.1:" + ports.getOrDefault(name, 0);
  }

  /** What was started. */
  public TargetConfig config() {
    return config;
  }

  @Override
  public void close() {
    adapter.close();
    delete(directory);
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException stays) {
      System.err.println("dcm-conformance: " + directory + " stays: " + stays);
    }
  }
}
