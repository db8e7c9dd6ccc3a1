package org.dcmigrate.protocol.trace;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * One line of a trace.
 *
 * @param time RFC 3339, UTC, nanoseconds; for readers, no rule goes by it
 * @param peer identity of the peer
 * @param life names the process: a restarted peer begins another one
 * @param number from 1, by 1, within a life
 */
public record TraceEvent(
    String time, String peer, String life, long number, String migration, Transition transition) {
  private static final String TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z";
  private static final String UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  private static final String KIND = "[A-Z][A-Za-z]{0,62}";

  /** The line, without its end. */
  public String toJson() {
    JsonObject event = new JsonObject();
    event.addProperty("time", time);
    event.addProperty("peer", peer);
    event.addProperty("life", life);
    event.addProperty("number", number);
    event.addProperty("migration", migration);
    event.addProperty("epoch", transition.epoch());
    event.addProperty("role", transition.role().text());
    event.addProperty("state", transition.state());
    event.addProperty("event", transition.event());
    event.addProperty("next", transition.next());
    JsonArray outputs = new JsonArray();
    transition.outputs().forEach(outputs::add);
    event.add("outputs", outputs);
    event.addProperty("clause", transition.clause());
    transition.facts().forEach((fact, value) -> event.addProperty(fact.text(), value));
    return event.toString();
  }

  /**
   * Reads a line. Fields that are not known are passed over.
   *
   * @throws TraceFormatException naming the field, what was expected and what came
   */
  public static TraceEvent parse(String line) throws TraceFormatException {
    JsonObject event = object(line);
    List<String> outputs = new ArrayList<>();
    for (JsonElement output : array(event, "outputs")) {
      outputs.add(text("outputs", output, value -> value.length() <= 100, "a text"));
    }
    Map<Fact, String> facts = new EnumMap<>(Fact.class);
    for (Fact fact : Fact.values()) {
      if (event.has(fact.text())) {
        facts.put(
            fact, text(fact.text(), event.get(fact.text()), fact::allows, fact.expectation()));
      }
    }
    return new TraceEvent(
        matching(event, "time", TIME, "a time in UTC such as 2030-01-31T10:00:00.000000001Z"),
        matching(event, "peer", "[!-~]{1,255}", "an identity"),
        matching(event, "life", UUID, "a UUID"),
        number(event, "number"),
        matching(event, "migration", UUID, "a UUID"),
        new Transition(
            role(event),
            number(event, "epoch"),
            matching(event, "state", KIND, "a kind of state"),
            matching(event, "event", KIND, "a kind of input"),
            matching(event, "next", KIND, "a kind of state"),
            outputs,
            matching(event, "clause", "DCM-[A-Z]{3}-\\d{3}", "a clause such as DCM-STA-002"),
            facts,
            true));
  }

  private static JsonObject object(String line) throws TraceFormatException {
    try {
      if (JsonParser.parseString(line) instanceof JsonObject object) {
        return object;
      }
    } catch (JsonParseException malformed) {
      throw new TraceFormatException("is not JSON");
    }
    throw new TraceFormatException("is not a JSON object");
  }

  private static JsonElement field(JsonObject event, String name) throws TraceFormatException {
    if (!event.has(name)) {
      throw new TraceFormatException("has no field " + name);
    }
    return event.get(name);
  }

  private static JsonArray array(JsonObject event, String name) throws TraceFormatException {
    if (field(event, name) instanceof JsonArray array) {
      return array;
    }
    throw new TraceFormatException(name + " must be a list, but is " + event.get(name));
  }

  private static long number(JsonObject event, String name) throws TraceFormatException {
    JsonElement field = field(event, name);
    boolean whole =
        field instanceof JsonPrimitive primitive
            && primitive.isNumber()
            && primitive.getAsString().matches("[1-9]\\d{0,17}");
    if (!whole) {
      throw new TraceFormatException(name + " must be a whole number from 1, but is " + field);
    }
    return field.getAsLong();
  }

  private static Role role(JsonObject event) throws TraceFormatException {
    String text = matching(event, "role", "source|holder|voter", "source, holder or voter");
    for (Role role : Role.values()) {
      if (role.text().equals(text)) {
        return role;
      }
    }
    throw new AssertionError(text);
  }

  private static String matching(JsonObject event, String name, String pattern, String expected)
      throws TraceFormatException {
    return text(name, field(event, name), value -> value.matches(pattern), expected);
  }

  private static String text(
      String name, JsonElement field, Predicate<String> allowed, String expected)
      throws TraceFormatException {
    if (field instanceof JsonPrimitive primitive
        && primitive.isString()
        && allowed.test(primitive.getAsString())) {
      return primitive.getAsString();
    }
    throw new TraceFormatException(name + " must be " + expected + ", but is " + field);
  }
}
