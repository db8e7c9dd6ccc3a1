package org.dcmigrate.peer.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.transport.Transport;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** Reads the daemon's configuration from its YAML file. */
public final class ConfigFile {
  private static final long MAX_BYTES = 1 << 20;

  private ConfigFile() {}

  /**
   * Reads and checks a file. Paths in it are relative to its directory.
   *
   * @throws ConfigException naming file, key, what was expected and what came
   */
  public static DcmdConfig read(Path file) throws ConfigException {
    try {
      Path base = file.toAbsolutePath().getParent();
      return parse(text(file), base == null ? file.toAbsolutePath() : base);
    } catch (ConfigException wrong) {
      throw new ConfigException(file + ": " + wrong.sentence());
    }
  }

  private static String text(Path file) throws ConfigException {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new ConfigException("is larger than 1 MiB");
      }
      return Files.readString(file);
    } catch (IOException unreadable) {
      throw new ConfigException("cannot be read; does it exist, and may this user read it?");
    }
  }

  /** Checks a configuration that is given as text. */
  static DcmdConfig parse(String yaml, Path base) throws ConfigException {
    Object document;
    try {
      LoadSettings settings =
          LoadSettings.builder()
              .setAllowDuplicateKeys(false)
              .setMaxAliasesForCollections(0)
              .build();
      document = new Load(settings).loadFromString(yaml);
    } catch (YamlEngineException malformed) {
      throw new ConfigException("is not valid YAML: " + malformed.getMessage());
    }
    if (document == null) {
      throw new ConfigException("is empty; it needs at least name, listen and the directories");
    }
    YamlNode root = YamlNode.root(document);
    DcmdConfig config = config(root, base);
    root.finish();
    return config;
  }

  private static DcmdConfig config(YamlNode root, Path base) throws ConfigException {
    Optional<DcmdConfig.Tls> tls = tls(root.child("tls"), base);
    Optional<PeerId> identity = identity(root, "identity");
    boolean plaintext = root.bool("plaintextOnLoopback", false);
    if (tls.isPresent() == plaintext) {
      throw new ConfigException(
          "exactly one of tls and plaintextOnLoopback: true must be given; use tls but for trials");
    }
    if (plaintext && identity.isEmpty()) {
      throw new ConfigException(
          "identity is missing; without tls it cannot come from a certificate");
    }
    Optional<YamlNode> guests = root.child("guests");
    DcmdConfig config =
        new DcmdConfig(
            name(root, "name"),
            identity,
            endpoint(root, "listen"),
            root.path("stateDirectory", base),
            root.path("runDirectory", base),
            tls,
            digest(root),
            peers(root),
            identities(root, "operators"),
            limits(root.child("limits")),
            timeouts(root.child("timeouts")),
            guests.isPresent() ? synthetic(guests.get()) : List.of(),
            guests.isPresent() ? qemu(guests.get(), base) : List.of(),
            templates(root.child("qemu")),
            root.optionalString("trace").map(base::resolve),
            compression(root));
    if (guests.isPresent()) {
      guests.get().finish();
    }
    return config;
  }

  private static Optional<DcmdConfig.Tls> tls(Optional<YamlNode> node, Path base)
      throws ConfigException {
    if (node.isEmpty()) {
      return Optional.empty();
    }
    DcmdConfig.Tls tls =
        new DcmdConfig.Tls(
            node.get().path("ca", base),
            node.get().path("certificate", base),
            node.get().path("key", base));
    node.get().finish();
    return Optional.of(tls);
  }

  private static PageDigest.Algorithm digest(YamlNode root) throws ConfigException {
    String name = root.optionalString("digest").orElse("crc64");
    return switch (name) {
      case "crc64" -> PageDigest.Algorithm.CRC64;
      case "sha256" -> PageDigest.Algorithm.SHA256;
      default -> throw root.expected("digest", "crc64 or sha256", name);
    };
  }

  private static CompressionMode compression(YamlNode root) throws ConfigException {
    String name = root.optionalString("compression").orElse("auto");
    return switch (name) {
      case "auto" -> CompressionMode.AUTO;
      case "off" -> CompressionMode.OFF;
      default -> throw root.expected("compression", "auto or off", name);
    };
  }

  private static List<DcmdConfig.Peer> peers(YamlNode root) throws ConfigException {
    List<DcmdConfig.Peer> peers = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Set<PeerId> identities = new HashSet<>();
    for (YamlNode node : root.children("peers")) {
      DcmdConfig.Peer peer =
          new DcmdConfig.Peer(
              name(node, "name"),
              endpoint(node, "endpoint"),
              identity(node, "identity")
                  .orElseThrow(() -> new ConfigException(node.at("identity") + " is missing")));
      node.finish();
      if (!names.add(peer.name()) || !identities.add(peer.identity())) {
        throw new ConfigException(
            "%s: names and identities of peers must differ from one another"
                .formatted(node.at("name")));
      }
      peers.add(peer);
    }
    return peers;
  }

  private static DcmdConfig.Limits limits(Optional<YamlNode> node) throws ConfigException {
    DcmdConfig.Limits otherwise = DcmdConfig.Limits.DEFAULT;
    if (node.isEmpty()) {
      return otherwise;
    }
    DcmdConfig.Limits limits =
        new DcmdConfig.Limits(
            node.get().size("egressBytesPerSecond", otherwise.egressBytesPerSecond()),
            (int) node.get().number("migrations", otherwise.migrations(), 1, 10_000),
            (int) node.get().number("guests", otherwise.guests(), 1, 100_000),
            node.get().size("memoryBytes", otherwise.memoryBytes()));
    node.get().finish();
    return limits;
  }

  private static Timeouts timeouts(Optional<YamlNode> node) throws ConfigException {
    Timeouts otherwise = Timeouts.DEFAULT;
    if (node.isEmpty()) {
      return otherwise;
    }
    YamlNode keys = node.get();
    Timeouts timeouts =
        new Timeouts(
            keys.duration("lease", otherwise.lease()),
            keys.duration("open", otherwise.open()),
            keys.duration("contributorSilence", otherwise.contributorSilence()),
            keys.duration("destinationSilence", otherwise.destinationSilence()),
            keys.duration("parked", otherwise.parked()),
            keys.duration("switchover", otherwise.switchover()),
            keys.duration("sendStall", otherwise.sendStall()),
            keys.duration("guestSetUp", otherwise.guestSetUp()));
    if (timeouts.lease().compareTo(Duration.ofSeconds(1)) < 0
        || timeouts.lease().compareTo(Duration.ofHours(1)) > 0) {
      throw keys.expected("lease", "1s to 1h", timeouts.lease());
    }
    keys.finish();
    return timeouts;
  }

  private static List<DcmdConfig.SyntheticGuest> synthetic(YamlNode guests) throws ConfigException {
    List<DcmdConfig.SyntheticGuest> all = new ArrayList<>();
    for (YamlNode node : guests.children("synthetic")) {
      String pattern = node.optionalString("pattern").orElse("uniform");
      if (!Set.of("uniform", "hot-set").contains(pattern)) {
        throw node.expected("pattern", "uniform or hot-set", pattern);
      }
      all.add(
          new DcmdConfig.SyntheticGuest(
              name(node, "name"),
              node.size("memory", 512L << 20),
              node.number("writesPerSecond", 1000, 0, 10_000_000),
              pattern.equals("hot-set"),
              node.number("seed", 1, Long.MIN_VALUE, Long.MAX_VALUE),
              (int) node.number("zeroPercent", 0, 0, 100),
              (int) node.number("repeatedPercent", 0, 0, 100)));
      node.finish();
    }
    return all;
  }

  private static List<DcmdConfig.QemuGuest> qemu(YamlNode guests, Path base)
      throws ConfigException {
    List<DcmdConfig.QemuGuest> all = new ArrayList<>();
    for (YamlNode node : guests.children("qemu")) {
      Map<String, Path> memory = new LinkedHashMap<>();
      Optional<YamlNode> files = node.child("memory");
      if (files.isPresent()) {
        for (String block : files.get().keys()) {
          memory.put(block, files.get().path(block, base));
        }
      }
      all.add(new DcmdConfig.QemuGuest(name(node, "name"), node.path("qmp", base), memory));
      node.finish();
    }
    return all;
  }

  private static List<DcmdConfig.QemuTemplate> templates(Optional<YamlNode> qemu)
      throws ConfigException {
    List<DcmdConfig.QemuTemplate> all = new ArrayList<>();
    if (qemu.isEmpty()) {
      return all;
    }
    for (YamlNode node : qemu.get().children("templates")) {
      List<String> command = node.strings("command");
      if (command.isEmpty()) {
        throw new ConfigException(node.at("command") + " is missing; it is a list of arguments");
      }
      all.add(new DcmdConfig.QemuTemplate(node.optionalString("guest").orElse("*"), command));
      node.finish();
    }
    qemu.get().finish();
    return all;
  }

  private static String name(YamlNode node, String key) throws ConfigException {
    String name = node.string(key);
    if (!name.matches("[a-z0-9-]{1,63}")) {
      throw node.expected(key, "1 to 63 characters of a-z, 0-9 and -", name);
    }
    return name;
  }

  private static String endpoint(YamlNode node, String key) throws ConfigException {
    String endpoint = node.string(key);
    try {
      Transport.address(endpoint);
      return endpoint;
    } catch (DcmException malformed) {
      throw node.expected(key, "HOST:PORT", endpoint);
    }
  }

  private static Optional<PeerId> identity(YamlNode node, String key) throws ConfigException {
    Optional<String> uri = node.optionalString(key);
    return uri.isPresent() ? Optional.of(identity(node, key, uri.get())) : Optional.empty();
  }

  private static List<PeerId> identities(YamlNode node, String key) throws ConfigException {
    List<PeerId> identities = new ArrayList<>();
    for (String uri : node.strings(key)) {
      identities.add(identity(node, key, uri));
    }
    return identities;
  }

  private static PeerId identity(YamlNode node, String key, String uri) throws ConfigException {
    try {
      return PeerId.parse(uri);
    } catch (DcmException malformed) {
      throw node.expected(key, "an identity such as spiffe://dcm.example/peer/host-b", uri);
    }
  }
}
