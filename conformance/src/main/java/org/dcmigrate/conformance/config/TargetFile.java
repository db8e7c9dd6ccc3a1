package org.dcmigrate.conformance.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.Declared;
import org.dcmigrate.conformance.play.PlayedPeer.Persona;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.TlsMaterial;

/** Reads what peer is to be tested from a YAML file. */
public final class TargetFile {
  private static final long MAX_BYTES = 1 << 20;
  private static final int HIGHEST_LEVEL = 4;
  private static final long LONGEST_SILENCE_MS = 600_000;

  private TargetFile() {}

  /** What a file says. */
  public sealed interface Target {
    /** A peer that runs already. */
    record Running(TargetConfig config) implements Target {}

    /**
     * A peer that the suite sets up and starts itself.
     *
     * @param adapter its command
     * @param directory in which the command runs
     */
    record ToStart(List<String> adapter, Path directory, boolean tls) implements Target {
      public ToStart {
        adapter = List.copyOf(adapter);
      }
    }
  }

  /**
   * Reads and checks a file. Paths in it are relative to its directory.
   *
   * @throws DcmException FIELD_INVALID naming file, key, what was expected and what came;
   *     IDENTITY_INVALID naming a PEM file that cannot be used
   */
  public static Target read(Path file) throws DcmException {
    try {
      Path base = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
      return parse(text(file), base);
    } catch (DcmException wrong) {
      throw new DcmException(wrong.reason(), file + ": " + wrong.sentence(), wrong);
    }
  }

  private static String text(Path file) throws DcmException {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw Settings.wrong("is larger than 1 MiB");
      }
      return Files.readString(file);
    } catch (IOException unreadable) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "cannot be read; does it exist, and may this user read it?",
          unreadable);
    }
  }

  /** Checks a configuration that is given as text. */
  static Target parse(String yaml, Path base) throws DcmException {
    Settings root = Settings.parse(yaml);
    List<String> adapter = root.texts("adapter");
    if (!root.has("endpoint")) {
      if (adapter.isEmpty()) {
        throw Settings.wrong(
            "endpoint is missing; without it the suite needs an adapter that starts the peer");
      }
      boolean tls = isTls(root);
      root.finish();
      return new Target.ToStart(adapter, base, tls);
    }
    TargetConfig config = running(root, adapter, base);
    root.finish();
    return new Target.Running(config);
  }

  private static boolean isTls(Settings root) throws DcmException {
    String transport = root.optionalText("transport").orElse("plaintext");
    return switch (transport) {
      case "tls" -> true;
      case "plaintext" -> false;
      default -> throw root.expected("transport", "tls or plaintext");
    };
  }

  private static TargetConfig running(Settings root, List<String> adapter, Path base)
      throws DcmException {
    boolean plaintext = root.flag("plaintextOnLoopback");
    Optional<String> ca = root.optionalText("ca");
    if (ca.isPresent() == plaintext) {
      throw Settings.wrong("exactly one of ca and plaintextOnLoopback: true must be given");
    }
    Optional<Path> authorities = ca.map(base::resolve);
    Optional<Authority> authority = authority(root, authorities, base);
    Settings tester = root.needed("tester");
    Persona first = persona(tester.needed("first"), "tester", authorities, base);
    Persona second = persona(tester.needed("second"), "tester-2", authorities, base);
    Persona witness = persona(tester.needed("witness"), "tester-witness", authorities, base);
    Settings operating = tester.needed("operator");
    Security operator = security(operating, authorities, base);
    operating.finish();
    tester.finish();
    requireDifferent(List.of(first, second, witness));
    Claims claims = claims(root);
    boolean source = claims.level("source") > 0;
    Declared declared =
        root.has("capabilities")
            ? Declared.of(root.texts("capabilities"), source)
            : new Declared(Optional.empty(), source);
    return new TargetConfig(
        new Cast(
            root.endpoint("endpoint"),
            root.identity("identity"),
            first,
            Optional.of(second),
            Optional.of(witness),
            Optional.of(operator),
            authority,
            Optional.empty(),
            Duration.ofMillis(
                root.number("silenceMs", Cast.SILENCE.toMillis(), 1, LONGEST_SILENCE_MS)),
            declared),
        claims,
        guest(root.child("guest")),
        adapter);
  }

  private static Optional<Authority> authority(Settings root, Optional<Path> ca, Path base)
      throws DcmException {
    Optional<String> key = root.optionalText("caKey");
    if (key.isEmpty()) {
      return Optional.empty();
    }
    if (ca.isEmpty()) {
      throw Settings.wrong("caKey goes with ca: it is the key of its first certificate");
    }
    return Optional.of(Authority.load(ca.get(), base.resolve(key.get())));
  }

  private static void requireDifferent(List<Persona> personas) throws DcmException {
    if (personas.stream().map(Persona::name).distinct().count() < personas.size()
        || personas.stream().map(each -> each.security().identity()).distinct().count()
            < personas.size()
        || personas.stream().map(Persona::listen).distinct().count() < personas.size()) {
      throw Settings.wrong(
          "tester.first, second and witness must differ in name, identity and listen");
    }
  }

  private static Persona persona(Settings node, String name, Optional<Path> ca, Path base)
      throws DcmException {
    Persona persona =
        new Persona(
            node.optionalText("name").orElse(name),
            security(node, ca, base),
            Optional.of(node.endpoint("listen")));
    node.finish();
    return persona;
  }

  private static Security security(Settings node, Optional<Path> ca, Path base)
      throws DcmException {
    if (ca.isEmpty()) {
      return new Security.PlaintextLoopback(node.identity("identity"));
    }
    return new Security.MutualTls(
        TlsMaterial.load(
            ca.get(), base.resolve(node.text("certificate")), base.resolve(node.text("key"))));
  }

  private static Claims claims(Settings root) throws DcmException {
    Optional<Settings> node = root.child("claims");
    if (node.isEmpty()) {
      throw Settings.wrong("claims is missing; it has a level for each role, e.g. {source: 2}");
    }
    Map<String, Integer> levels = new TreeMap<>();
    for (String role : Claims.ROLES) {
      int level = (int) node.get().number(role, 0, 0, HIGHEST_LEVEL);
      if (level > 0) {
        levels.put(role, level);
      }
    }
    node.get().finish();
    return new Claims(levels);
  }

  private static Optional<TestGuest> guest(Optional<Settings> node) throws DcmException {
    if (node.isEmpty()) {
      return Optional.empty();
    }
    Settings guest = node.get();
    Map<String, String> properties = new LinkedHashMap<>();
    Optional<Settings> given = guest.child("properties");
    if (given.isPresent()) {
      for (String key : given.get().keys()) {
        properties.put(key, given.get().text(key));
      }
    }
    List<RamBlock> blocks = new ArrayList<>();
    Settings sizes = guest.needed("blocks");
    for (String name : sizes.keys()) {
      blocks.add(new RamBlock(name, sizes.number(name, 0, 1, Long.MAX_VALUE)));
    }
    String state = guest.optionalText("deviceState").orElse("");
    String kind = guest.text("kind");
    guest.finish();
    try {
      return Optional.of(TestGuest.of(kind, properties, blocks, HexFormat.of().parseHex(state)));
    } catch (IllegalArgumentException malformed) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "guest.deviceState must be hexadecimal digits, in pairs",
          malformed);
    }
  }
}
