package org.dcmigrate.conformance.report;

/** Text within XML and HTML; what a peer says must not become markup. */
final class Markup {
  private Markup() {}

  /** Escapes for content and for attributes in double quotes. */
  static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\n' -> out.append('\n');
        // XML has no way to write most control characters; the others are no words of the protocol.
        default -> out.append(c < ' ' || c > '~' ? '?' : c);
      }
    }
    return out.toString();
  }
}
