package org.dcmigrate.peer;

import java.util.Locale;

/**
 * What befalls a daemon at one of its journal's writes.
 *
 * @param record as {@link org.dcmigrate.peer.journal.WriteObserver} names it
 * @param moment before the record is written, or when it is on disk and nothing has followed
 */
record Trouble(Kind kind, String record, Moment moment) {
  /** What happens. */
  enum Kind {
    /** SIGKILL. */
    KILL,
    /** SIGSTOP; somebody else has to send SIGCONT. */
    STOP,
    /** The daemon waits until its sign is taken away again. */
    HOLD,
    /** Nothing befalls the daemon: the links are in trouble while pages flow. */
    NONE
  }

  /** When. */
  enum Moment {
    BEFORE,
    AFTER
  }

  @Override
  public String toString() {
    return String.join(":", kind.name(), record, moment.name());
  }

  static Trouble parse(String text) {
    String[] parts = text.split(":", -1);
    return new Trouble(Kind.valueOf(parts[0]), parts[1], Moment.valueOf(parts[2]));
  }

  /** For people. */
  String words() {
    return "%s %s %s"
        .formatted(
            kind.name().toLowerCase(Locale.ROOT), moment.name().toLowerCase(Locale.ROOT), record);
  }
}
