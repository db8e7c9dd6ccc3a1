package org.dcmigrate.ctl;

import java.util.Locale;

/** How results are printed. */
enum Format {
  TABLE,
  WIDE,
  JSON,
  YAML,
  NAME;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
