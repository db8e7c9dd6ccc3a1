package org.dcmigrate.protocol;

/** Identity of a peer or operator: the one URI SAN of its certificate. */
public record PeerId(String uri) {
  private static final int LONGEST = 255;

  public PeerId {
    if (uri.isEmpty() || uri.length() > LONGEST || !uri.chars().allMatch(c -> c > ' ' && c < 127)) {
      throw new IllegalArgumentException(
          "an identity must be 1 to 255 printable ASCII characters without spaces, but was "
              + Text.quote(uri));
    }
  }

  /**
   * Reads an identity that came over the wire.
   *
   * @throws DcmException FIELD_INVALID when it is empty, too long or not printable ASCII
   */
  public static PeerId parse(String uri) throws DcmException {
    try {
      return new PeerId(uri);
    } catch (IllegalArgumentException malformed) {
      throw new DcmException(Reason.FIELD_INVALID, malformed.getMessage(), malformed);
    }
  }

  @Override
  public String toString() {
    return uri;
  }
}
