package org.dcmigrate.protocol.trace;

import java.util.Locale;

/** Whose machine took a step. */
public enum Role {
  /** The peer that the guest leaves. */
  SOURCE,
  /** A peer that receives, or received, pages: destination or contributor. */
  HOLDER,
  /** A peer that votes on the commit decision: source, destination or witness. */
  VOTER;

  /** As events name it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
