package org.dcmigrate.peer.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dcmigrate.protocol.Text;

/**
 * A mapping in the configuration; remembers which keys were asked for, so that others are errors.
 */
final class YamlNode {
  private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*(B|KiB|MiB|GiB|TiB)?");
  private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ms|s|m|h)");

  private final String place;
  private final Map<String, Object> values;
  private final Set<String> known = new HashSet<>();

  private YamlNode(String place, Map<String, Object> values) {
    this.place = place;
    this.values = values;
  }

  /** The whole file. */
  static YamlNode root(Object document) throws ConfigException {
    return mapping("", document);
  }

  private static YamlNode mapping(String place, Object value) throws ConfigException {
    if (!(value instanceof Map<?, ?> map)) {
      throw new ConfigException(
          (place.isEmpty() ? "the file" : place) + " must be a mapping of keys to values");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    map.forEach((key, each) -> values.put(String.valueOf(key), each));
    return new YamlNode(place, values);
  }

  /** Refuses keys that nobody asked for. */
  void finish() throws ConfigException {
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        throw new ConfigException(
            "%s is not a known key; known here are %s"
                .formatted(at(key), known.stream().sorted().toList()));
      }
    }
  }

  Optional<Object> value(String key) {
    known.add(key);
    return Optional.ofNullable(values.get(key));
  }

  Set<String> keys() {
    known.addAll(values.keySet());
    return values.keySet();
  }

  Optional<YamlNode> child(String key) throws ConfigException {
    Optional<Object> value = value(key);
    return value.isPresent() ? Optional.of(mapping(at(key), value.get())) : Optional.empty();
  }

  List<YamlNode> children(String key) throws ConfigException {
    List<YamlNode> nodes = new ArrayList<>();
    List<Object> items = list(key);
    for (int i = 0; i < items.size(); i++) {
      nodes.add(mapping(at(key) + "[" + i + "]", items.get(i)));
    }
    return nodes;
  }

  List<Object> list(String key) throws ConfigException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return List.of();
    }
    if (!(value.get() instanceof List<?> items)) {
      throw expected(key, "a list", value.get());
    }
    List<Object> copy = new ArrayList<>();
    for (Object item : items) {
      if (item == null) {
        throw new ConfigException(at(key) + " holds an empty item");
      }
      copy.add(item);
    }
    return copy;
  }

  List<String> strings(String key) throws ConfigException {
    return list(key).stream().map(String::valueOf).toList();
  }

  String string(String key) throws ConfigException {
    return optionalString(key)
        .orElseThrow(() -> new ConfigException(at(key) + " is missing; it is a text"));
  }

  Optional<String> optionalString(String key) throws ConfigException {
    Optional<Object> value = value(key);
    if (value.isPresent() && (value.get() instanceof Map || value.get() instanceof List)) {
      throw expected(key, "a text", value.get());
    }
    return value.map(String::valueOf);
  }

  Path path(String key, Path base) throws ConfigException {
    return base.resolve(string(key)).normalize();
  }

  boolean bool(String key, boolean otherwise) throws ConfigException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    if (value.get() instanceof Boolean flag) {
      return flag;
    }
    throw expected(key, "true or false", value.get());
  }

  long number(String key, long otherwise, long least, long most) throws ConfigException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    if (value.get() instanceof Number number
        && !(value.get() instanceof Double)
        && number.longValue() >= least
        && number.longValue() <= most) {
      return number.longValue();
    }
    throw expected(key, "a whole number from " + least + " to " + most, value.get());
  }

  long size(String key, long otherwise) throws ConfigException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    Matcher matcher = SIZE.matcher(String.valueOf(value.get()).strip());
    if (!matcher.matches() || matcher.group(1).length() > 15) {
      throw expected(key, "a size such as 512MiB", value.get());
    }
    int shift =
        switch (Optional.ofNullable(matcher.group(2)).orElse("B")) {
          case "KiB" -> 10;
          case "MiB" -> 20;
          case "GiB" -> 30;
          case "TiB" -> 40;
          default -> 0;
        };
    long bytes = Long.parseLong(matcher.group(1));
    if (bytes > Long.MAX_VALUE >> shift) {
      throw expected(key, "a size below 2^63", value.get());
    }
    return bytes << shift;
  }

  Duration duration(String key, Duration otherwise) throws ConfigException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    Matcher matcher =
        DURATION.matcher(String.valueOf(value.get()).strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches() || matcher.group(1).length() > 9) {
      throw expected(key, "a time such as 500ms, 30s, 10m or 1h", value.get());
    }
    long count = Long.parseLong(matcher.group(1));
    Duration duration =
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(count);
          case "s" -> Duration.ofSeconds(count);
          case "m" -> Duration.ofMinutes(count);
          default -> Duration.ofHours(count);
        };
    if (duration.isZero()) {
      throw expected(key, "a time above 0", value.get());
    }
    return duration;
  }

  ConfigException expected(String key, String what, Object found) {
    return new ConfigException(
        "%s must be %s, but is %s".formatted(at(key), what, Text.quote(String.valueOf(found))));
  }

  String at(String key) {
    return place.isEmpty() ? key : place + "." + key;
  }
}
