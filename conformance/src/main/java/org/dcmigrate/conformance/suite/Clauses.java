package org.dcmigrate.conformance.suite;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The specification as far as the suite has to know it: its clauses with their texts, and the
 * waivers of those that no case checks. Read from the files of the specification themselves.
 */
public final class Clauses {
  private static final Pattern TEXT =
      Pattern.compile("^\\*\\*\\[(DCM-[A-Z]+-\\d+)]\\*\\* \\([^)]*\\) (.*)$", Pattern.MULTILINE);
  private static final Map<String, Clause> ALL = load();
  private static final Map<String, Waiver> WAIVERS = loadWaivers();

  private Clauses() {}

  /**
   * One clause.
   *
   * @param roles whom it binds, e.g. {@code destination}; {@code any} binds all
   * @param level 1 to 4
   * @param keyword of BCP 14
   * @param section of the specification
   */
  public record Clause(
      String id, List<String> roles, int level, String keyword, String section, String text) {
    public Clause {
      roles = List.copyOf(roles);
    }

    /** Whether a peer that does otherwise does not conform. */
    public boolean must() {
      return keyword.startsWith("MUST");
    }
  }

  /** Why no case checks a clause. */
  public enum WaiverClass {
    /** Other clauses imply it. */
    IMPLICIT,
    /** Nobody but the peer itself can see it. */
    UNTESTABLE,
    /** Tests of this project check it, for this implementation only. */
    OWN_TESTS,
    /** The suite does not check this role or level. */
    OUT_OF_SCOPE,
    /** It could be checked; the suite has no case. */
    OPEN
  }

  /** A clause that no case checks. */
  public record Waiver(String clause, WaiverClass kind, String reason) {}

  /** All clauses by their identifiers, in the order of the specification. */
  public static Map<String, Clause> all() {
    return ALL;
  }

  /** The waivers by clause. */
  public static Map<String, Waiver> waivers() {
    return WAIVERS;
  }

  /** The clauses that a case cites; references to anything else are passed over. */
  public static List<Clause> of(Case each) {
    return each.references().stream()
        .map(id -> Optional.ofNullable(ALL.get(id)))
        .flatMap(Optional::stream)
        .toList();
  }

  private static Map<String, Clause> load() {
    Map<String, String> texts = new LinkedHashMap<>();
    Matcher matcher = TEXT.matcher(resource("SPEC.md"));
    while (matcher.find()) {
      texts.put(matcher.group(1), matcher.group(2));
    }
    Map<String, Clause> clauses = new LinkedHashMap<>();
    for (String[] row : rows("clauses.tsv", 5)) {
      String text = Optional.ofNullable(texts.get(row[0])).orElseThrow();
      clauses.put(
          row[0],
          new Clause(
              row[0],
              List.of(row[1].split(", ")),
              Integer.parseInt(row[2].substring(1)),
              row[3],
              row[4],
              text));
    }
    return java.util.Collections.unmodifiableMap(clauses);
  }

  private static Map<String, Waiver> loadWaivers() {
    Map<String, Waiver> waivers = new LinkedHashMap<>();
    for (String[] row : rows("waivers.tsv", 3)) {
      WaiverClass kind =
          WaiverClass.valueOf(row[1].replace('-', '_').toUpperCase(java.util.Locale.ROOT));
      if (waivers.put(row[0], new Waiver(row[0], kind, row[2])) != null) {
        throw new IllegalStateException(row[0] + " is waived twice");
      }
    }
    return java.util.Collections.unmodifiableMap(waivers);
  }

  private static List<String[]> rows(String file, int columns) {
    return resource(file)
        .lines()
        .skip(1)
        .map(line -> line.split("\t", -1))
        .peek(
            row -> {
              if (row.length != columns || row[columns - 1].isBlank()) {
                throw new IllegalStateException(file + ": " + String.join(" ", row));
              }
            })
        .toList();
  }

  private static String resource(String name) {
    try (InputStream in = Clauses.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("this build has no " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
