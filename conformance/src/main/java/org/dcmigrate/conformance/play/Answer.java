package org.dcmigrate.conformance.play;

import java.util.List;

/** All messages of one call's answer, and how it ended. */
public record Answer<A>(List<A> messages, Ending ending) {
  public Answer {
    messages = List.copyOf(messages);
  }
}
