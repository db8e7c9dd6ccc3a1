package org.dcmigrate.protocol.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The form of events, and that {@code docs/trace.schema.json} says the same. */
class TraceEventTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", "."), "..");
  private static final TraceEvent EVENT =
      new TraceEvent(
          "2030-01-31T10:00:00.000000001Z",
          "spiffe://test/peer/a",
          "00000000-0000-0000-0000-000000000001",
          1,
          "00000000-0000-0000-0000-000000000002",
          new Transition(
              Role.VOTER,
              3,
              "Undecided",
              "Accept",
              "Accepted",
              List.of("journal Seat"),
              "DCM-DEC-003",
              Map.of(
                  Fact.DESTINATION, "d",
                  Fact.WITNESS, "w",
                  Fact.OWNER, "o",
                  Fact.RESULT, "FAILED",
                  Fact.BALLOT, "0",
                  Fact.CHOICE, "DESTINATION",
                  Fact.PROMISED, "0",
                  Fact.FROM, "spiffe://example/peer/w",
                  Fact.REASON, "TOO_LATE"),
              true));

  @Test
  void whatIsWrittenIsRead() throws TraceFormatException {
    assertThat(TraceEvent.parse(EVENT.toJson())).isEqualTo(EVENT);
  }

  @Test
  void unknownFieldsArePassedOver() throws TraceFormatException {
    JsonObject more = JsonParser.parseString(EVENT.toJson()).getAsJsonObject();
    more.addProperty("host", "x");
    assertThat(TraceEvent.parse(more.toString())).isEqualTo(EVENT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "time | \"yesterday\" | time must be a time in UTC",
        "peer | \"\" | peer must be an identity",
        "life | 7 | life must be a UUID",
        "number | 0 | number must be a whole number from 1",
        "number | 1.5 | number must be a whole number from 1",
        "migration | null | migration must be a UUID",
        "epoch | -1 | epoch must be a whole number from 1",
        "role | \"witness\" | role must be source, holder or voter",
        "state | \"\" | state must be a kind of state",
        "outputs | \"none\" | outputs must be a list",
        "outputs | [1] | outputs must be a text",
        "clause | \"5.2\" | clause must be a clause",
        "choice | \"BOTH\" | choice must be SOURCE or DESTINATION",
      })
  void aWrongFieldIsNamed(String field, String value, String complaint) {
    JsonObject wrong = JsonParser.parseString(EVENT.toJson()).getAsJsonObject();
    wrong.add(field, JsonParser.parseString(value));
    assertThatThrownBy(() -> TraceEvent.parse(wrong.toString()))
        .isInstanceOf(TraceFormatException.class)
        .hasMessageStartingWith(complaint);
  }

  @Test
  void whatIsNoEventIsRefused() {
    for (String line : List.of("", "null", "[]", "{", "{}", "x", EVENT.toJson() + "}")) {
      assertThatThrownBy(() -> TraceEvent.parse(line)).isInstanceOf(TraceFormatException.class);
    }
  }

  @Test
  void theSchemaNamesTheSameFields() throws IOException {
    JsonObject schema =
        JsonParser.parseString(Files.readString(ROOT.resolve("docs/trace.schema.json")))
            .getAsJsonObject();
    JsonObject written = JsonParser.parseString(EVENT.toJson()).getAsJsonObject();
    assertThat(schema.getAsJsonObject("properties").keySet()).isEqualTo(written.keySet());
    Set<String> required = new TreeSet<>(written.keySet());
    for (Fact fact : Fact.values()) {
      required.remove(fact.text());
    }
    assertThat(texts(schema.getAsJsonArray("required")))
        .containsExactlyInAnyOrderElementsOf(required);
    for (String field : required) {
      JsonObject without = written.deepCopy();
      without.remove(field);
      assertThatThrownBy(() -> TraceEvent.parse(without.toString()))
          .hasMessage("has no field " + field);
    }
  }

  private static List<String> texts(JsonArray array) {
    List<String> texts = new ArrayList<>();
    for (JsonElement element : array) {
      texts.add(element.getAsString());
    }
    return texts;
  }

  @Test
  void everyClauseThatEventsCiteIsInTheSpecification() throws IOException {
    String specification = Files.readString(ROOT.resolve("SPEC.md"));
    Set<String> cited = new TreeSet<>();
    for (Role role : Role.values()) {
      Files.readAllLines(ROOT.resolve("spec/transitions").resolve(role.text() + ".tsv")).stream()
          .skip(1)
          .forEach(line -> cited.add(line.substring(line.lastIndexOf('\t') + 1)));
    }
    assertThat(cited).hasSizeGreaterThan(40);
    assertThat(cited).allSatisfy(clause -> assertThat(specification).contains("[" + clause + "]"));
  }
}
