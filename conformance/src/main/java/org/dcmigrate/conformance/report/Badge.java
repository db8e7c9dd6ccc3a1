package org.dcmigrate.conformance.report;

/** An SVG for a README. */
public final class Badge {
  private Badge() {}

  /** Says whether all passed. */
  public static String of(boolean passed) {
    return """
    <svg xmlns="http://www.w3.org/2000/svg" width="160" height="20" role="img">
    <rect width="105" height="20" fill="#555"/>
    <rect x="105" width="55" height="20" fill="%s"/>
    <g fill="#fff" font-family="sans-serif" font-size="11">
    <text x="6" y="14">DCM conformance</text><text x="112" y="14">%s</text>
    </g></svg>
    """
        .formatted(passed ? "#2a7d2a" : "#b3261e", passed ? "passed" : "failed");
  }
}
