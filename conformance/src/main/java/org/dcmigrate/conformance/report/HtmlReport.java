package org.dcmigrate.conformance.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Clauses;
import org.dcmigrate.conformance.suite.Clauses.Clause;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Verdict;

/** Results as one HTML file that needs no other. */
public final class HtmlReport {
  private static final int ROW = 22;
  private static final int LONGEST_LABEL = 70;

  private HtmlReport() {}

  /** Counts by role and level, the clauses, the cases, and what failed in detail. */
  public static String of(String target, List<CaseResult> results, boolean passed) {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>DCM conformance</title>
        <style>body{font:14px sans-serif;margin:2em}td,th{padding:2px 10px;text-align:left}
        pre{background:#f4f4f4;padding:8px;overflow:auto}</style></head><body>
        """);
    out.append(
        "<h1>DCM conformance: %s</h1><p>%s</p><p>%s</p>\n"
            .formatted(
                passed ? "passed" : "failed",
                Markup.escaped(target),
                Markup.escaped(Report.summary(results))));
    summary(results, out);
    clauses(results, out);
    out.append("<h2>Cases</h2><table>\n");
    for (CaseResult result : results) {
      out.append(row(result.verdict().name(), result.of().name(), result.of().purpose()));
    }
    out.append("</table>\n");
    results.stream().filter(HtmlReport::detailed).forEach(result -> detail(result, out));
    return out.append("</body></html>\n").toString();
  }

  private static boolean detailed(CaseResult result) {
    return result.verdict() != Verdict.PASS
        && result.verdict() != Verdict.NOT_RUN
        && result.verdict() != Verdict.NOT_APPLICABLE;
  }

  private static void summary(List<CaseResult> results, StringBuilder out) {
    Map<String, Map<Verdict, Integer>> groups = new TreeMap<>();
    for (CaseResult result : results) {
      String group = Selection.role(result.of()) + " L" + Selection.level(result.of());
      groups
          .computeIfAbsent(group, any -> new TreeMap<>())
          .merge(result.verdict(), 1, Integer::sum);
    }
    out.append("<h2>Roles and levels</h2><table>\n");
    groups.forEach((group, counts) -> out.append(row(group, counts.toString())));
    out.append("</table>\n");
  }

  private static void clauses(List<CaseResult> results, StringBuilder out) {
    out.append("<h2>Clauses</h2><table>\n");
    for (Clause clause : Clauses.all().values()) {
      Map<Verdict, Integer> counts = new TreeMap<>();
      results.stream()
          .filter(result -> result.of().references().contains(clause.id()))
          .forEach(result -> counts.merge(result.verdict(), 1, Integer::sum));
      String cases = counts.isEmpty() ? "no case in this run" : counts.toString();
      out.append(row(clause.id(), clause.keyword(), cases));
    }
    out.append("</table>\n");
  }

  private static void detail(CaseResult result, StringBuilder out) {
    String name = result.of().name();
    out.append("<h2>%s: %s</h2>\n".formatted(result.verdict(), Markup.escaped(name)));
    out.append("<p>").append(Markup.escaped(result.explanation())).append("</p>\n");
    for (String id : result.of().references()) {
      Optional.ofNullable(Clauses.all().get(id))
          .ifPresent(
              clause ->
                  out.append(
                      "<blockquote>%s: %s</blockquote>\n"
                          .formatted(id, Markup.escaped(clause.text()))));
    }
    out.append("<table>").append(row("expected", result.expected()));
    out.append(row("actual", result.actual())).append("</table>\n");
    diagram(result.messages(), out);
    out.append("<pre>").append(Markup.escaped(String.join("\n", result.messages())));
    out.append("</pre>\n<p>Again: <code>dcm-conformance run --case ");
    out.append(Markup.escaped(name)).append("</code> with the same target</p>\n");
  }

  private static void diagram(List<String> messages, StringBuilder out) {
    out.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"700\" height=\"%d\" font-size=\"11\">"
            .formatted((messages.size() + 2) * ROW));
    out.append("<text x=\"60\" y=\"14\">tester</text><text x=\"600\" y=\"14\">target</text>");
    int y = 2 * ROW;
    for (String message : messages) {
      boolean sent = message.contains(" ms -> ");
      boolean received = message.contains(" ms <- ");
      String label = message.substring(0, Math.min(LONGEST_LABEL, message.length()));
      out.append("<text x=\"90\" y=\"%d\">%s</text>".formatted(y - 4, Markup.escaped(label)));
      if (sent || received) {
        out.append(
            "<path d=\"M80 %d H620 M%s\" stroke=\"#333\" fill=\"none\"/>"
                .formatted(
                    y,
                    sent
                        ? "612 %d L620 %d L612 %d".formatted(y - 4, y, y + 4)
                        : "88 %d L80 %d L88 %d".formatted(y - 4, y, y + 4)));
      }
      y += ROW;
    }
    out.append("</svg>\n");
  }

  private static String row(String... cells) {
    StringBuilder row = new StringBuilder("<tr>");
    for (String cell : cells) {
      row.append("<td>").append(Markup.escaped(cell)).append("</td>");
    }
    return row.append("</tr>\n").toString();
  }
}
