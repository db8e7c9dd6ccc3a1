package org.dcmigrate.conformance.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.transport.Transport;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** A mapping of a YAML file; keys that nobody asked for are errors. */
final class Settings {
  private final String place;
  private final Map<String, Object> values;
  private final Set<String> known = new HashSet<>();

  private Settings(String place, Object value) throws DcmException {
    if (!(value instanceof Map<?, ?> map)) {
      throw wrong((place.isEmpty() ? "the file" : place) + " must be a mapping of keys to values");
    }
    this.place = place;
    values = new LinkedHashMap<>();
    map.forEach((key, each) -> values.put(String.valueOf(key), each));
  }

  /** Reads a file's text. */
  static Settings parse(String yaml) throws DcmException {
    Optional<Object> document;
    try {
      LoadSettings settings =
          LoadSettings.builder()
              .setAllowDuplicateKeys(false)
              .setMaxAliasesForCollections(0)
              .build();
      document = Optional.ofNullable(new Load(settings).loadFromString(yaml));
    } catch (YamlEngineException malformed) {
      throw wrong("is not valid YAML: " + malformed.getMessage());
    }
    if (document.isEmpty()) {
      throw wrong("is empty; it needs endpoint and identity, or adapter");
    }
    return new Settings("", document.get());
  }

  /** Refuses keys that nobody asked for. */
  void finish() throws DcmException {
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        throw wrong(
            "%s is not a known key; known here are %s"
                .formatted(at(key), known.stream().sorted().toList()));
      }
    }
  }

  Set<String> keys() {
    known.addAll(values.keySet());
    return values.keySet();
  }

  private Optional<Object> value(String key) {
    known.add(key);
    return Optional.ofNullable(values.get(key));
  }

  boolean has(String key) {
    return value(key).isPresent();
  }

  Optional<Settings> child(String key) throws DcmException {
    Optional<Object> value = value(key);
    return value.isPresent() ? Optional.of(new Settings(at(key), value.get())) : Optional.empty();
  }

  Settings needed(String key) throws DcmException {
    return child(key).orElseThrow(() -> wrong(at(key) + " is missing; it is a mapping"));
  }

  String text(String key) throws DcmException {
    return optionalText(key).orElseThrow(() -> wrong(at(key) + " is missing; it is a text"));
  }

  Optional<String> optionalText(String key) throws DcmException {
    Optional<Object> value = value(key);
    if (value.isPresent() && (value.get() instanceof Map || value.get() instanceof List)) {
      throw expected(key, "a text");
    }
    return value.map(String::valueOf);
  }

  boolean flag(String key) throws DcmException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return false;
    }
    if (value.get() instanceof Boolean flag) {
      return flag;
    }
    throw expected(key, "true or false");
  }

  long number(String key, long otherwise, long least, long most) throws DcmException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    if ((value.get() instanceof Integer || value.get() instanceof Long)
        && ((Number) value.get()).longValue() >= least
        && ((Number) value.get()).longValue() <= most) {
      return ((Number) value.get()).longValue();
    }
    throw expected(key, "a whole number from %d to %d".formatted(least, most));
  }

  List<String> texts(String key) throws DcmException {
    Optional<Object> value = value(key);
    if (value.isEmpty()) {
      return List.of();
    }
    if (!(value.get() instanceof List<?> items)) {
      throw expected(key, "a list of texts");
    }
    List<String> texts = new ArrayList<>();
    for (Object item : items) {
      texts.add(String.valueOf(item));
    }
    return texts;
  }

  String endpoint(String key) throws DcmException {
    String endpoint = text(key);
    try {
      Transport.address(endpoint);
      return endpoint;
    } catch (DcmException malformed) {
      throw expected(key, "HOST:PORT");
    }
  }

  PeerId identity(String key) throws DcmException {
    try {
      return PeerId.parse(text(key));
    } catch (DcmException malformed) {
      throw has(key)
          ? expected(key, "an identity such as spiffe://dcm.example/peer/host-b")
          : malformed;
    }
  }

  DcmException expected(String key, String what) {
    return wrong(
        "%s must be %s, but is %s"
            .formatted(at(key), what, Text.quote(String.valueOf(values.get(key)))));
  }

  String at(String key) {
    return place.isEmpty() ? key : place + "." + key;
  }

  static DcmException wrong(String sentence) {
    return new DcmException(Reason.FIELD_INVALID, sentence);
  }
}
