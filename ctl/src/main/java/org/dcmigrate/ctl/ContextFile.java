package org.dcmigrate.ctl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.dcmigrate.protocol.Text;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Stored connections.
 *
 * <pre>
 *   current: lab
 *   contexts:
 *     lab:
 *       endpoint: host-a:7443
 *       peerIdentity: spiffe://dcm.example/peer/host-a
 *       ca: /etc/dcm/ca.pem
 *       cert: /etc/dcm/alice.pem
 *       key: /etc/dcm/alice.key
 * </pre>
 *
 * Relative paths are relative to the file.
 */
record ContextFile(Path file, Optional<String> currentName, SortedMap<String, StoredContext> all) {
  private static final Set<String> KEYS =
      Set.of("endpoint", "plaintext", "identity", "peerIdentity", "ca", "cert", "key");
  private static final long MAX_BYTES = 1 << 20;

  /** Where it is: DCM_CONFIG, or contexts.yaml below the configuration directory. */
  static Path location(Map<String, String> variables) {
    String named = variables.getOrDefault("DCM_CONFIG", "");
    if (!named.isEmpty()) {
      return Path.of(named);
    }
    String home = variables.getOrDefault("XDG_CONFIG_HOME", "");
    Path directory =
        home.isEmpty() ? Path.of(variables.getOrDefault("HOME", "."), ".config") : Path.of(home);
    return directory.resolve("dcm").resolve("contexts.yaml");
  }

  /** Reads the file; one that does not exist holds nothing. */
  static ContextFile read(Path file) throws CtlException {
    if (!Files.exists(file)) {
      return new ContextFile(file, Optional.empty(), new TreeMap<>());
    }
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw wrong(file, "is larger than 1 MiB");
      }
      LoadSettings settings = LoadSettings.builder().setAllowDuplicateKeys(false).build();
      Map<?, ?> root =
          mapping(file, "the file", new Load(settings).loadFromString(Files.readString(file)));
      for (Object key : root.keySet()) {
        if (!Set.of("current", "contexts").contains(String.valueOf(key))) {
          throw wrong(file, "has an unknown key " + key + "; known are current and contexts");
        }
      }
      SortedMap<String, StoredContext> all = new TreeMap<>();
      if (root.get("contexts") != null) {
        for (Map.Entry<?, ?> each : mapping(file, "contexts", root.get("contexts")).entrySet()) {
          String name = String.valueOf(each.getKey());
          all.put(name, context(file, name, mapping(file, "contexts." + name, each.getValue())));
        }
      }
      return new ContextFile(
          file, Optional.ofNullable(root.get("current")).map(String::valueOf), all);
    } catch (IOException unreadable) {
      throw wrong(file, "cannot be read; may this user read it?");
    } catch (YamlEngineException malformed) {
      throw wrong(file, "is not valid YAML: " + malformed.getMessage());
    }
  }

  /** The context in use; empty where none was chosen. */
  Optional<StoredContext> current() throws CtlException {
    return currentName.isPresent() ? Optional.of(require(currentName.get())) : Optional.empty();
  }

  /** A context that must be there. */
  StoredContext require(String name) throws CtlException {
    return Optional.ofNullable(all.get(name))
        .orElseThrow(
            () ->
                CtlException.usage(
                    "%s has no context %s; it has %s"
                        .formatted(file, Text.quote(name), all.keySet())));
  }

  ContextFile withCurrent(String name) {
    return new ContextFile(file, Optional.of(name), all);
  }

  ContextFile with(String name, StoredContext context) {
    SortedMap<String, StoredContext> more = new TreeMap<>(all);
    more.put(name, context);
    return new ContextFile(file, currentName.or(() -> Optional.of(name)), more);
  }

  /** Replaces the file as a whole. */
  void write() throws CtlException {
    Map<String, Object> contexts = new LinkedHashMap<>();
    all.forEach((name, context) -> contexts.put(name, values(context)));
    Map<String, Object> root = new LinkedHashMap<>();
    currentName.ifPresent(name -> root.put("current", name));
    root.put("contexts", contexts);
    DumpSettings style = DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
    Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    try {
      Files.createDirectories(directory);
      Path fresh = Files.createTempFile(directory, ".contexts", ".new");
      try {
        Files.writeString(fresh, new Dump(style).dumpToString(root));
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException failed) {
      throw new CtlException(
          ExitCode.INTERNAL, file + " cannot be written: " + failed.getMessage(), failed);
    }
  }

  private static StoredContext context(Path file, String name, Map<?, ?> values)
      throws CtlException {
    for (Object key : values.keySet()) {
      if (!KEYS.contains(String.valueOf(key))) {
        throw wrong(
            file,
            "has an unknown key contexts.%s.%s; known are %s"
                .formatted(name, key, KEYS.stream().sorted().toList()));
      }
    }
    Optional<String> endpoint = text(values, "endpoint");
    if (endpoint.isEmpty()) {
      throw wrong(file, "lacks contexts." + name + ".endpoint");
    }
    Path base = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    return new StoredContext(
        endpoint.get(),
        text(values, "plaintext").filter("true"::equals).isPresent(),
        text(values, "identity"),
        text(values, "peerIdentity"),
        text(values, "ca").map(path -> base.resolve(path).toString()),
        text(values, "cert").map(path -> base.resolve(path).toString()),
        text(values, "key").map(path -> base.resolve(path).toString()));
  }

  private static Map<String, Object> values(StoredContext context) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("endpoint", context.endpoint());
    if (context.plaintext()) {
      values.put("plaintext", true);
    }
    context.identity().ifPresent(value -> values.put("identity", value));
    context.peerIdentity().ifPresent(value -> values.put("peerIdentity", value));
    context.ca().ifPresent(value -> values.put("ca", value));
    context.cert().ifPresent(value -> values.put("cert", value));
    context.key().ifPresent(value -> values.put("key", value));
    return values;
  }

  private static Optional<String> text(Map<?, ?> values, String key) {
    return Optional.ofNullable(values.get(key)).map(String::valueOf);
  }

  private static Map<?, ?> mapping(Path file, String place, Object value) throws CtlException {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw wrong(file, "must be a mapping at " + place);
  }

  private static CtlException wrong(Path file, String what) {
    return CtlException.usage(file + " " + what);
  }
}
