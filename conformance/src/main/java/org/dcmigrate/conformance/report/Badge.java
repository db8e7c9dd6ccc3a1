package org.dcmigrate.conformance.report;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;

/** An SVG for a README. */
public final class Badge {
  private static final int HIGHEST_LEVEL = 4;
  private static final int CHARACTER_PX = 7;
  private static final Set<Verdict> RAN =
      EnumSet.of(Verdict.PASS, Verdict.WARN, Verdict.XFAIL, Verdict.NOT_APPLICABLE);

  private Badge() {}

  /** Says up to which level each role passed, or that the run failed. */
  public static String of(List<CaseResult> results, boolean passed) {
    String text = passed ? roles(results) : "failed";
    int width = text.length() * CHARACTER_PX + 14;
    return """
    <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img">
    <rect width="115" height="20" fill="#555"/>
    <rect x="115" width="%d" height="20" fill="%s"/>
    <g fill="#fff" font-family="sans-serif" font-size="11">
    <text x="6" y="14">DCM conformance</text><text x="122" y="14">%s</text>
    </g></svg>
    """
        .formatted(115 + width, width, passed ? "#2a7d2a" : "#b3261e", text);
  }

  private static String roles(List<CaseResult> results) {
    List<String> roles = new ArrayList<>();
    for (String role : Claims.ROLES) {
      int level =
          IntStream.rangeClosed(1, HIGHEST_LEVEL)
              .filter(each -> passed(results, role, each))
              .max()
              .orElse(0);
      if (level > 0) {
        roles.add(role + " L" + level);
      }
    }
    return roles.isEmpty() ? "passed" : String.join(", ", roles);
  }

  /** Whether all cases of this role up to this level ran, and some of each level passed. */
  private static boolean passed(List<CaseResult> results, String role, int level) {
    List<CaseResult> counted =
        results.stream()
            .filter(result -> Selection.role(result.of()).equals(role))
            .filter(result -> Selection.levelOfClauses(result.of()) <= level)
            .filter(result -> RAN.contains(result.verdict()))
            .toList();
    long wanted =
        Suite.all().stream()
            .filter(
                each ->
                    Selection.role(each).equals(role) && Selection.levelOfClauses(each) <= level)
            .count();
    return counted.stream().map(CaseResult::of).distinct().count() == wanted
        && counted.stream()
            .anyMatch(
                result ->
                    Selection.levelOfClauses(result.of()) == level
                        && result.verdict() == Verdict.PASS);
  }
}
