package org.dcmigrate.protocol;

/** Puts what a peer sent into a message for people without letting it do harm there. */
public final class Text {
  private static final int LONGEST = 80;

  private Text() {}

  /** The text in quotes, cut to 80 characters, with everything but printable ASCII replaced. */
  public static String quote(String text) {
    String shown = text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text;
    return '"' + shown.replaceAll("[^\\x20-\\x7e]", "?") + '"';
  }
}
