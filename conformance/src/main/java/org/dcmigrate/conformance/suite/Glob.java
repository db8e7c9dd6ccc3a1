package org.dcmigrate.conformance.suite;

import java.util.regex.Pattern;

/** Patterns of names: one star stands for any characters within a part, two for any at all. */
public final class Glob {
  private Glob() {}

  public static boolean fits(String glob, String text) {
    StringBuilder pattern = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '*' && i + 1 < glob.length() && glob.charAt(i + 1) == '*') {
        pattern.append(".*");
        i++;
      } else if (c == '*') {
        pattern.append("[^/]*");
      } else {
        pattern.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return text.matches(pattern.toString());
  }
}
