package org.dcmigrate.ctl;

import org.dcmigrate.v1.Priority;

/** A priority as operators write it. */
enum PriorityName {
  low(Priority.PRIORITY_LOW),
  normal(Priority.PRIORITY_NORMAL),
  high(Priority.PRIORITY_HIGH);

  private final Priority message;

  PriorityName(Priority message) {
    this.message = message;
  }

  Priority message() {
    return message;
  }
}
