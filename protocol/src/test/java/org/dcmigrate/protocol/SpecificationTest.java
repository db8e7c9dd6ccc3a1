package org.dcmigrate.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The form of SPEC.md: its clauses, and their lock {@code spec/clauses.lock}. Run with {@code
 * -Ddcm.clauses.update=true} to lock new and changed clauses; a clause that is gone has to be
 * marked as withdrawn in the lock by hand, and its number is never used again.
 */
class SpecificationTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", "."), "..");
  private static final Path LOCK = ROOT.resolve("spec").resolve("clauses.lock");
  private static final Path INDEX = ROOT.resolve("spec").resolve("clauses.tsv");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)]+)\\)");
  private static final String WITHDRAWN = "withdrawn";
  private static final Pattern CLAUSE =
      Pattern.compile("^\\*\\*\\[(DCM-[A-Z]{3}-\\d{3})]\\*\\* \\(([a-z, ]+), (L[1-4])\\) (.*)$");
  private static final Pattern KEYWORD =
      Pattern.compile(
          "\\b(MUST NOT|MUST|SHALL NOT|SHALL|SHOULD"
              + " NOT|SHOULD|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\\b");
  private static final Pattern CITED = Pattern.compile("DCM-[A-Z]{3}-\\d{3}");

  private static List<String> lines() throws IOException {
    return Files.readAllLines(ROOT.resolve("SPEC.md"));
  }

  private static Map<String, String> clauses() throws IOException {
    Map<String, String> clauses = new TreeMap<>();
    for (String line : lines()) {
      Matcher clause = CLAUSE.matcher(line);
      if (clause.matches()) {
        assertThat(clauses.put(clause.group(1), line)).as(clause.group(1) + " twice").isNull();
      }
    }
    return clauses;
  }

  @Test
  void everyClauseHasOneKeyword() throws IOException {
    assertThat(clauses()).hasSizeGreaterThan(150);
    clauses()
        .forEach(
            (id, line) -> {
              String rule = line.split(" \\*", 2)[0];
              assertThat(KEYWORD.matcher(rule).results().map(MatchResult::group).toList())
                  .as(line)
                  .hasSize(1);
            });
  }

  @Test
  void keywordsStandInClausesOnly() throws IOException {
    for (String line : lines()) {
      boolean explains = line.contains("BCP 14");
      if (!CLAUSE.matcher(line).matches() && !explains) {
        assertThat(KEYWORD.matcher(line).find()).as(line).isFalse();
      }
    }
  }

  @Test
  void clausesAreLocked() throws Exception {
    Map<String, String> now = new TreeMap<>();
    for (Map.Entry<String, String> clause : clauses().entrySet()) {
      now.put(clause.getKey(), digest(clause.getValue()));
    }
    if (Boolean.getBoolean("dcm.clauses.update")) {
      Map<String, String> locked = Files.exists(LOCK) ? lock() : new TreeMap<>();
      locked.putAll(now);
      List<String> lines = new ArrayList<>();
      locked.forEach((id, digest) -> lines.add(id + " " + digest));
      Files.write(LOCK, lines);
    }
    Map<String, String> locked = lock();
    locked.values().removeIf(WITHDRAWN::equals);
    Set<String> differ = new TreeSet<>(now.keySet());
    differ.addAll(locked.keySet());
    differ.removeIf(id -> Objects.equals(now.get(id), locked.get(id)));
    assertThat(differ)
        .as(
            "clauses that differ between SPEC.md and %s; -Ddcm.clauses.update=true locks them",
            LOCK)
        .isEmpty();
    lock()
        .forEach(
            (id, digest) ->
                assertThat(digest.equals(WITHDRAWN) && now.containsKey(id))
                    .as(id + " was withdrawn: a new clause needs a new number")
                    .isFalse());
  }

  /** One line for each clause, in the order of the text, for whoever works through them. */
  @Test
  void theIndexHasAllClauses() throws IOException {
    List<String> index = new ArrayList<>(List.of("clause\troles\tlevel\tkeyword\tsection"));
    String section = "";
    for (String line : lines()) {
      Matcher clause = CLAUSE.matcher(line);
      if (line.matches("#{2,3} .*")) {
        section = line.replaceFirst("#+ ", "").split(" ", 2)[0];
      } else if (clause.matches()) {
        Matcher keyword = KEYWORD.matcher(line);
        assertThat(keyword.find()).as(line).isTrue();
        index.add(
            String.join(
                "\t", clause.group(1), clause.group(2), clause.group(3), keyword.group(), section));
      }
    }
    if (Boolean.getBoolean("dcm.clauses.update")) {
      Files.write(INDEX, index);
    }
    assertThat(Files.readAllLines(INDEX)).isEqualTo(index);
  }

  /** Links within the text lead somewhere. */
  @Test
  void linksLeadSomewhere() throws IOException {
    TreeSet<String> anchors = new TreeSet<>();
    for (String line : lines()) {
      if (line.matches("#{1,4} .*")) {
        anchors.add(
            line.replaceFirst("#+ ", "")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9 -]", "")
                .replace(' ', '-'));
      }
    }
    for (String line : lines()) {
      for (MatchResult link : LINK.matcher(line).results().toList()) {
        String target = link.group(1);
        if (target.startsWith("#")) {
          assertThat(anchors).contains(target.substring(1));
        } else if (!target.startsWith("http")) {
          assertThat(ROOT.resolve(target)).exists();
        }
      }
    }
  }

  private static Map<String, String> lock() throws IOException {
    Map<String, String> locked = new TreeMap<>();
    for (String line : Files.readAllLines(LOCK)) {
      int space = line.indexOf(' ');
      locked.put(line.substring(0, space), line.substring(space + 1));
    }
    return locked;
  }

  private static String digest(String text) throws Exception {
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(hash, 0, 8);
  }

  @Test
  void everyClauseThatIsCitedExists() throws IOException {
    Map<String, String> clauses = clauses();
    TreeSet<String> unknown = new TreeSet<>();
    for (String folder :
        List.of(
            "SPEC.md", "docs", "proto", "protocol/src", "peer/src", "ctl/src", "conformance/src")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          if (!file.toString().matches(".*\\.(md|java|proto)")) {
            continue;
          }
          for (MatchResult cited : CITED.matcher(Files.readString(file)).results().toList()) {
            if (!clauses.containsKey(cited.group())) {
              unknown.add(cited.group() + " in " + file);
            }
          }
        }
      }
    }
    assertThat(unknown).isEmpty();
  }

  @Test
  void theRegistryHasEveryReason() throws IOException {
    List<String> registry =
        lines().stream()
            .filter(line -> line.startsWith("| "))
            .map(line -> line.split("\\|", -1)[1].strip())
            .toList();
    for (Reason reason : Reason.values()) {
      assertThat(registry).contains(reason.name());
    }
  }
}
