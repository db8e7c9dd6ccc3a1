package org.dcmigrate.protocol.trace;

import java.util.Set;
import org.dcmigrate.protocol.trace.TraceCheck.Located;

/**
 * What a peer that was restarted has to remember of a machine: nothing that was on disk is lost. It
 * may know more than its last event says, as a record is on disk before its step is told.
 */
final class Lives {
  private Lives() {}

  /** Holds the first event of a machine in a life against its last one in the life before. */
  static void check(Located last, Located first, MigrationCheck.Findings findings) {
    String was = last.event().transition().next();
    Transition step = first.event().transition();
    switch (step.role()) {
      case SOURCE -> source(was, step, first, findings);
      case HOLDER -> holder(was, step, first, findings);
      // Promises and votes are compared whether or not there was a restart.
      case VOTER -> {}
    }
  }

  private static void source(
      String was, Transition step, Located first, MigrationCheck.Findings findings) {
    boolean lost =
        !step.event().equals(Transition.RECOVERED)
            || (was.equals("Ended") && !step.next().equals("Ended"));
    if (lost) {
      findings.found(first, "DCM-REC-003", forgets("source", was, step));
    }
  }

  private static void holder(
      String was, Transition step, Located first, MigrationCheck.Findings findings) {
    boolean lost =
        switch (was) {
          case "Owned" -> !Set.of("Owned", "Forgotten").contains(step.next());
          case "Deciding" -> !Set.of("Deciding", "Owned", "Forgotten").contains(step.next());
          default -> false;
        };
    if (lost) {
      findings.found(
          first, was.equals("Owned") ? "DCM-REC-004" : "DCM-REC-005", forgets("holder", was, step));
    }
  }

  private static String forgets(String role, String was, Transition step) {
    return "the %s was in %s when the peer ended, and begins with %s by %s"
        .formatted(role, was, step.next(), step.event());
  }
}
