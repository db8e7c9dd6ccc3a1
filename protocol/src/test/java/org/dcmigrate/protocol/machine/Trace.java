package org.dcmigrate.protocol.machine;

import java.util.regex.Pattern;

/** What readers see of an exploration. */
final class Trace {
  private static final Pattern NOISE =
      Pattern.compile(
          "Control\\[input=|, pages=\\[\\]\\]|Input\\[input=|, ifLost=Optional.*$"
              + "|memoryDigest=\\d+, |, failure=[^\\]]*|failure=[^\\]]*, ");

  private Trace() {}

  /** A message, or what is due, in few words. */
  static String brief(Object what) {
    return NOISE.matcher(what.toString()).replaceAll("");
  }

  /** The states of all peers in one line. */
  static String brief(Product product) {
    return "S "
        + (product.source().alive()
            ? product.source().state().map(Describe::source).orElse("-")
            : "dead")
        + ", guest "
        + product.source().power()
        + " | "
        + holder("A", product.a())
        + " | "
        + holder("B", product.b());
  }

  private static String holder(String name, Product.HolderPeer holder) {
    return name
        + " "
        + (holder.alive() ? holder.state().map(Describe::holder).orElse("-") : "dead")
        + (holder.guest() == Product.Guest.NONE ? "" : ", guest " + holder.guest());
  }
}
