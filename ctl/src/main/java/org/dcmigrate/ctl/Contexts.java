package org.dcmigrate.ctl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Named sets of connection settings, in $DCM_CONFIG or ~/.config/dcm/contexts.yaml.
 *
 * <pre>
 *   current: lab
 *   contexts:
 *     lab:
 *       endpoint: host-a:7443
 *       peerIdentity: spiffe://dcm.example/peer/host-a
 *       ca: pki/ca.pem            # relative to the file's directory
 *       cert: pki/alice.pem
 *       key: pki/alice.key
 * </pre>
 */
final class Contexts {
  private static final long MAX_BYTES = 1 << 20;
  private static final String CURRENT = "current";
  private static final String CONTEXTS = "contexts";
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";

  private final Path file;
  private String current;
  private final Map<String, Map<String, String>> contexts = new LinkedHashMap<>();

  private Contexts(Path file, String current) {
    this.file = file;
    this.current = current;
  }

  /** Reads the file; where there is none, there are no contexts. */
  static Contexts load(Map<String, String> environment) throws CtlException {
    Path file = file(environment);
    if (!Files.exists(file)) {
      return new Contexts(file, "");
    }
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw CtlException.usage(file + " is larger than 1 MiB");
      }
      LoadSettings settings =
          LoadSettings.builder().setAllowDuplicateKeys(false).setMaxAliasesForCollections(0).build();
      Object document = new Load(settings).loadFromString(Files.readString(file));
      return parse(file, document == null ? Map.of() : document);
    } catch (IOException unreadable) {
      throw new CtlException(
          ExitCode.USAGE, file + " cannot be read; may this user read it?", unreadable);
    } catch (YamlEngineException malformed) {
      throw new CtlException(
          ExitCode.USAGE, file + " is not valid YAML: " + malformed.getMessage(), malformed);
    }
  }

  /** Settings of the named context, else of the current one, else none. */
  Map<String, String> settings(Optional<String> named) throws CtlException {
    String name = named.orElse(current);
    if (name.isEmpty()) {
      return Map.of();
    }
    Map<String, String> settings = contexts.get(name);
    if (settings == null) {
      throw CtlException.usage(
          "there is no context \"%s\" in %s; see: dcmctl context list".formatted(name, file));
    }
    Map<String, String> resolved = new LinkedHashMap<>(settings);
    for (String path : new String[] {Settings.CA, Settings.CERT, Settings.KEY}) {
      resolved.computeIfPresent(path, (key, value) -> file.resolveSibling(value).toString());
    }
    return resolved;
  }

  String current() {
    return current;
  }

  Map<String, Map<String, String>> all() {
    return contexts;
  }

  void use(String name) throws CtlException {
    settings(Optional.of(name));
    current = name;
    save();
  }

  /** Adds to the settings of a context; the first context becomes the current one. */
  void set(String name, Map<String, String> settings) throws CtlException {
    if (!name.matches(NAME)) {
      throw CtlException.usage(
          "a context's name must be 1 to 63 letters, digits, dots, - and _, but was \"%s\""
              .formatted(name));
    }
    contexts.computeIfAbsent(name, any -> new LinkedHashMap<>()).putAll(settings);
    if (current.isEmpty()) {
      current = name;
    }
    save();
  }

  Path file() {
    return file;
  }

  private void save() throws CtlException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put(CURRENT, current);
    document.put(CONTEXTS, contexts);
    DumpSettings settings =
        DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
    try {
      Files.createDirectories(file.toAbsolutePath().resolveSibling(""));
      AtomicFile.write(
          file,
          new Dump(settings).dumpToString(document),
          PosixFilePermissions.fromString("rw-------"));
    } catch (IOException failed) {
      throw new CtlException(
          ExitCode.INTERNAL, file + " cannot be written: " + failed.getMessage(), failed);
    }
  }

  private static Contexts parse(Path file, Object document) throws CtlException {
    Map<?, ?> root = map(file, "it", document);
    Contexts contexts = new Contexts(file, String.valueOf(orEmpty(root.get(CURRENT))));
    for (Object key : root.keySet()) {
      if (!key.equals(CURRENT) && !key.equals(CONTEXTS)) {
        throw CtlException.usage("%s: unknown key \"%s\"".formatted(file, key));
      }
    }
    Object all = root.get(CONTEXTS);
    for (Map.Entry<?, ?> entry : map(file, CONTEXTS, all == null ? Map.of() : all).entrySet()) {
      String name = String.valueOf(entry.getKey());
      Map<String, String> settings = new LinkedHashMap<>();
      for (Map.Entry<?, ?> each : map(file, name, orEmpty(entry.getValue())).entrySet()) {
        String key = String.valueOf(each.getKey());
        if (!Settings.ALL.contains(key)) {
          throw CtlException.usage(
              "%s: unknown key \"%s\" in context %s; there are %s"
                  .formatted(file, key, name, String.join(", ", Settings.ALL)));
        }
        settings.put(key, String.valueOf(orEmpty(each.getValue())));
      }
      contexts.contexts.put(name, settings);
    }
    return contexts;
  }

  private static Object orEmpty(@org.jspecify.annotations.Nullable Object value) {
    return value == null ? "" : value;
  }

  private static Map<?, ?> map(Path file, String what, Object node) throws CtlException {
    if (node instanceof Map<?, ?> map) {
      return map;
    }
    throw CtlException.usage("%s: %s must hold keys and values".formatted(file, what));
  }

  private static Path file(Map<String, String> environment) {
    String named = environment.getOrDefault("DCM_CONFIG", "");
    if (!named.isEmpty()) {
      return Path.of(named);
    }
    String home = environment.getOrDefault("HOME", System.getProperty("user.home", "."));
    return Path.of(home, ".config", "dcm", "contexts.yaml");
  }
}
