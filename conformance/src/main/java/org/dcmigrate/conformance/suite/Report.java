package org.dcmigrate.conformance.suite;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Tells results, for people and for programs. */
public final class Report {
  private static final double MS_PER_NS = 1e-6;
  private static final Set<Verdict> QUIET =
      EnumSet.of(Verdict.PASS, Verdict.NOT_RUN, Verdict.NOT_APPLICABLE);
  private static final Set<Verdict> UNTRIED = EnumSet.of(Verdict.NOT_RUN, Verdict.NOT_APPLICABLE);

  private Report() {}

  /**
   * Whether the target conforms as far as the cases say: at least one passed, and all that were
   * selected passed, warned, or failed as is known.
   *
   * @param commit whether cases that give guests away were to run
   */
  public static boolean allPassed(List<CaseResult> results, boolean commit) {
    boolean ran = results.stream().anyMatch(result -> result.verdict() == Verdict.PASS);
    return ran
        && results.stream()
            .filter(result -> commit || !result.of().commits())
            .allMatch(
                result ->
                    switch (result.verdict()) {
                      case PASS, WARN, XFAIL, NOT_APPLICABLE -> true;
                      case FAIL, XPASS, INCONCLUSIVE, TESTER_ERROR, NOT_RUN -> false;
                    });
  }

  /** One line for a result, and what went wrong below it. */
  public static String text(CaseResult result) {
    StringBuilder text =
        new StringBuilder(
            "%-12s %-58s %8.1f ms%n"
                .formatted(
                    result.verdict(), result.of().name(), result.took().toNanos() * MS_PER_NS));
    if (QUIET.contains(result.verdict())) {
      return result.explanation().isEmpty()
          ? text.toString()
          : text.append("    ").append(harmless(result.explanation())).append('\n').toString();
    }
    text.append("    ").append(result.of().purpose());
    text.append("  (").append(String.join(", ", result.of().references())).append(")\n");
    text.append("    ").append(harmless(result.explanation())).append('\n');
    if (!result.expected().isEmpty()) {
      text.append("    expected: ").append(harmless(result.expected())).append('\n');
      text.append("    actual:   ").append(harmless(result.actual())).append('\n');
    }
    for (Clauses.Clause clause : Clauses.of(result.of())) {
      text.append("    ").append(clause.id()).append(": ").append(clause.text()).append('\n');
    }
    for (String message : result.messages()) {
      text.append("      ").append(harmless(message)).append('\n');
    }
    text.append("    again:    dcm-conformance run --case ").append(result.of().name());
    return text.append(result.of().commits() ? " --commit" : "").append(" ...\n").toString();
  }

  /** The line at the end. */
  public static String summary(List<CaseResult> results) {
    List<String> parts = new ArrayList<>();
    count(results).forEach((verdict, count) -> parts.add(count + " " + verdict));
    double ms = results.stream().mapToDouble(each -> each.took().toNanos() * MS_PER_NS).sum();
    return parts.isEmpty()
        ? "no case was selected"
        : "%s in %.1f s".formatted(String.join(", ", parts), ms / 1000);
  }

  /**
   * A table of roles and levels: how many cases passed, and of how many where not all that ran did.
   */
  public static String byRoleAndLevel(List<CaseResult> results) {
    Map<String, Map<Integer, List<CaseResult>>> roles = new TreeMap<>();
    SortedSet<Integer> levels = new TreeSet<>();
    for (CaseResult result : results) {
      if (!UNTRIED.contains(result.verdict())) {
        int level = Selection.level(result.of());
        levels.add(level);
        roles
            .computeIfAbsent(Selection.role(result.of()), role -> new TreeMap<>())
            .computeIfAbsent(level, first -> new ArrayList<>())
            .add(result);
      }
    }
    StringBuilder text = new StringBuilder("%-12s".formatted("passed"));
    levels.forEach(level -> text.append("%9s".formatted("L" + level)));
    roles.forEach(
        (role, ran) -> {
          text.append("%n%-12s".formatted(role));
          levels.forEach(
              level -> text.append("%9s".formatted(passed(ran.getOrDefault(level, List.of())))));
        });
    return text.append("%n".formatted()).toString();
  }

  private static String passed(List<CaseResult> ran) {
    long passed = ran.stream().filter(result -> result.verdict() == Verdict.PASS).count();
    if (ran.isEmpty()) {
      return "-";
    }
    return passed == ran.size() ? Long.toString(passed) : passed + "/" + ran.size();
  }

  /** One line for each case there is. */
  public static String list(List<Case> cases) {
    StringBuilder text = new StringBuilder();
    for (Case each : cases) {
      text.append(
          "%-58s L%d %s  (%s)%s%n"
              .formatted(
                  each.name(),
                  Selection.level(each),
                  each.purpose(),
                  String.join(", ", each.references()),
                  each.commits() ? "  [--commit]" : ""));
    }
    return text.toString();
  }

  /** Each case there is, as JSON. */
  public static String listJson(List<Case> cases) {
    Json json = new Json().array();
    for (Case each : cases) {
      json.object().name("name").value(each.name()).name("purpose").value(each.purpose());
      json.name("role").value(Selection.role(each)).name("level").value(Selection.level(each));
      json.name("references").array();
      each.references().forEach(json::value);
      json.end().name("commits").value(each.commits()).end();
    }
    return json.end().toString();
  }

  /**
   * All results as JSON, as {@code docs/report.schema.json} says.
   *
   * @param order where it was not the suite's own
   */
  public static String json(
      String target, List<CaseResult> results, boolean passed, Optional<Order> order) {
    Json json = new Json().object();
    json.name("target").value(target).name("passed").value(passed);
    order.ifPresent(shuffled -> json.name("seed").value(shuffled.seed()));
    json.name("counts").object();
    count(results).forEach((verdict, count) -> json.name(verdict.name()).value(count));
    json.end().name("cases").array();
    for (CaseResult result : results) {
      json.object().name("name").value(result.of().name());
      json.name("verdict").value(result.verdict().name());
      json.name("tookMs").value(result.took().toNanos() * MS_PER_NS);
      json.name("role").value(Selection.role(result.of()));
      json.name("level").value(Selection.level(result.of()));
      json.name("purpose").value(result.of().purpose());
      json.name("references").array();
      result.of().references().forEach(json::value);
      json.end().name("commits").value(result.of().commits());
      json.name("explanation").value(result.explanation());
      if (result.verdict() != Verdict.PASS) {
        json.name("expected").value(result.expected()).name("actual").value(result.actual());
        json.name("messages").array();
        result.messages().forEach(json::value);
        json.end();
      }
      json.end();
    }
    return json.end().end().toString();
  }

  private static Map<Verdict, Integer> count(List<CaseResult> results) {
    Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
    results.forEach(result -> counts.merge(result.verdict(), 1, Integer::sum));
    return counts;
  }

  /** What a peer says must not steer the terminal. */
  public static String harmless(String text) {
    return text.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
