package org.dcmigrate.conformance.report;

import java.util.List;
import java.util.Locale;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;

/** Results as JUnit XML. */
public final class JunitReport {
  private JunitReport() {}

  /** One test suite; what is not known to fail and does not pass is a failure or an error. */
  public static String of(List<CaseResult> results) {
    int failures = 0;
    int errors = 0;
    int skipped = 0;
    StringBuilder cases = new StringBuilder();
    for (CaseResult result : results) {
      String name = result.of().name();
      int cut = name.lastIndexOf('/');
      cases.append(
          String.format(
              Locale.ROOT,
              "  <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">",
              Markup.escaped(name.substring(0, cut).replace('/', '.')),
              Markup.escaped(name.substring(cut + 1)),
              result.took().toNanos() / 1e9));
      String element =
          switch (result.verdict()) {
            case PASS, WARN -> "system-out";
            case FAIL, XPASS -> "failure";
            case INCONCLUSIVE, TESTER_ERROR -> "error";
            case NOT_APPLICABLE, NOT_RUN, XFAIL -> "skipped";
          };
      switch (element) {
        case "failure" -> failures++;
        case "error" -> errors++;
        case "skipped" -> skipped++;
        default -> {}
      }
      String message = Markup.escaped(result.verdict() + ": " + result.explanation());
      cases.append(
          element.equals("system-out")
              ? "<system-out>" + message + "</system-out>"
              : "<%s message=\"%s\">%s</%s>"
                  .formatted(element, message, Markup.escaped(Report.text(result)), element));
      cases.append("</testcase>\n");
    }
    return """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuite name="dcm-conformance" tests="%d" failures="%d" errors="%d" skipped="%d">
    %s</testsuite>
    """
        .formatted(results.size(), failures, errors, skipped, cases);
  }
}
