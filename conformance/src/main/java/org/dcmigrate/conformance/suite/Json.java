package org.dcmigrate.conformance.suite;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes JSON, two spaces for each level. */
final class Json {
  private final StringBuilder out = new StringBuilder();
  private final List<Character> open = new ArrayList<>();
  private boolean first = true;
  private boolean named;

  Json object() {
    return begin('{', '}');
  }

  Json array() {
    return begin('[', ']');
  }

  Json name(String name) {
    separate();
    quote(name);
    out.append(": ");
    named = true;
    return this;
  }

  Json value(String text) {
    separate();
    quote(text);
    return this;
  }

  Json value(boolean truth) {
    separate();
    out.append(truth);
    return this;
  }

  Json value(int number) {
    separate();
    out.append(number);
    return this;
  }

  Json value(double number) {
    separate();
    out.append(String.format(Locale.ROOT, "%.3f", number));
    return this;
  }

  Json end() {
    char close = open.removeLast();
    if (!first) {
      line();
    }
    out.append(close);
    first = false;
    return this;
  }

  private Json begin(char opening, char closing) {
    separate();
    out.append(opening);
    open.add(closing);
    first = true;
    return this;
  }

  private void separate() {
    if (named) {
      named = false;
      return;
    }
    if (!open.isEmpty()) {
      out.append(first ? "" : ",");
      line();
    }
    first = false;
  }

  private void line() {
    out.append('\n').append("  ".repeat(open.size()));
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c > '~') {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  @Override
  public String toString() {
    return out.append('\n').toString();
  }
}
