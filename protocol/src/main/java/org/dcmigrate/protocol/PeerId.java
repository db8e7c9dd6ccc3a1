package org.dcmigrate.protocol;

/** Identity of a peer or operator: the one URI SAN of its certificate. */
public record PeerId(String uri) {
  private static final int LONGEST = 255;

  public PeerId {
    if (!isValid(uri)) {
      throw new IllegalArgumentException(malformed(uri));
    }
  }

  /**
   * Reads an identity that came over the wire.
   *
   * @throws DcmException FIELD_INVALID when it is empty, too long or not printable ASCII
   */
  public static PeerId parse(String uri) throws DcmException {
    if (!isValid(uri)) {
      throw new DcmException(Reason.FIELD_INVALID, malformed(uri));
    }
    return new PeerId(uri);
  }

  private static boolean isValid(String uri) {
    return !uri.isEmpty()
        && uri.length() <= LONGEST
        && uri.chars().allMatch(c -> c > ' ' && c < 127);
  }

  private static String malformed(String uri) {
    return "an identity must be 1 to 255 printable ASCII characters without spaces, but was "
        + Text.quote(uri);
  }

  @Override
  public String toString() {
    return uri;
  }
}
