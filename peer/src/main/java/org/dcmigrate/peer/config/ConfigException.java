package org.dcmigrate.peer.config;

/** A configuration that cannot be used: which key, what was expected, what came. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  ConfigException(String message) {
    super(message);
  }

  /** One sentence for the operator. */
  public String sentence() {
    return String.valueOf(getMessage());
  }
}
