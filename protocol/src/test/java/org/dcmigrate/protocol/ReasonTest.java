package org.dcmigrate.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dcmigrate.v1.ErrorReason;
import org.junit.jupiter.api.Test;

/** The registry of reasons in {@code errors.proto} and {@link Reason} say the same. */
class ReasonTest {
  private static final Path REGISTRY =
      Path.of(System.getProperty("basedir", "."), "..", "proto", "dcm", "v1", "errors.proto");
  private static final Pattern ENTRY =
      Pattern.compile("// ([A-Z_]+): .*\\n(?:  //.*\\n)*  ERROR_REASON_([A-Z_]+) = \\d+;");

  @Test
  void namesAndCodesAreThoseOfTheRegistry() throws IOException {
    Map<String, String> registry = new LinkedHashMap<>();
    Matcher entry = ENTRY.matcher(Files.readString(REGISTRY));
    while (entry.find()) {
      registry.put(entry.group(2), entry.group(1));
    }
    Map<String, String> reasons = new LinkedHashMap<>();
    for (Reason reason : Reason.values()) {
      reasons.put(reason.name(), reason.code().name());
    }
    assertThat(reasons).isEqualTo(registry);
    assertThat(reasons.keySet()).containsExactlyElementsOf(registry.keySet());
  }

  @Test
  void everyReasonOnTheWireHasItsNameHere() {
    List<String> onTheWire =
        Arrays.stream(ErrorReason.values())
            .filter(reason -> reason != ErrorReason.UNRECOGNIZED)
            .filter(reason -> reason != ErrorReason.ERROR_REASON_UNSPECIFIED)
            .map(reason -> reason.name().substring("ERROR_REASON_".length()))
            .toList();
    assertThat(Reason.values()).extracting(Reason::name).isEqualTo(onTheWire);
  }
}
