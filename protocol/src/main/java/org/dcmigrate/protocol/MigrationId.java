package org.dcmigrate.protocol;

import java.util.UUID;

/** Names a migration from its start to its end, over all its redirects; chosen by the source. */
public record MigrationId(UUID value) {

  /**
   * Reads the canonical text form, 36 characters.
   *
   * @throws DcmException FIELD_INVALID for any other text
   */
  public static MigrationId parse(String text) throws DcmException {
    try {
      UUID value = UUID.fromString(text);
      if (value.toString().equals(text)) {
        return new MigrationId(value);
      }
    } catch (IllegalArgumentException malformed) {
      // Refused below, like the forms that UUID.fromString tolerates.
    }
    throw new DcmException(
        Reason.FIELD_INVALID,
        "migration_id must be a UUID in canonical form (36 characters, lower case), but was "
            + Text.quote(text));
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
