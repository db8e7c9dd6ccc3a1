package org.dcmigrate.protocol.trace;

import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.dcmigrate.protocol.trace.TraceCheck.Located;

/**
 * What a peer that was restarted has to remember of a machine: nothing that was on disk is lost. It
 * may know more than its last event says, as a record is on disk before its step is told.
 */
final class Lives {
  private Lives() {}

  /** Holds the first event of a machine in a life against its last one in the life before. */
  static void check(
      Located last, Located first, TraceCheck.Given given, MigrationCheck.Findings findings) {
    String was = last.event().transition().next();
    Transition step = first.event().transition();
    if (given == TraceCheck.Given.WHOLE) {
      oneStep(was, step, first, findings);
    }
    switch (step.role()) {
      case SOURCE -> {
        source(was, step, first, findings);
        end(last, first, findings);
      }
      case HOLDER -> holder(was, step, first, findings);
      // Promises and votes are compared whether or not there was a restart.
      case VOTER -> {}
    }
  }

  /** A life ends in the middle of one step at most; that one may be on disk and not told. */
  private static void oneStep(
      String was, Transition step, Located first, MigrationCheck.Findings findings) {
    Set<String> before =
        switch (step.role().text() + " " + step.next()) {
          case "source Committing" -> Set.of("SwitchingOver", "Committing", "InDoubt", "Committed");
          case "holder Deciding" -> Set.of("Prepared", "Deciding");
          case "holder Owned" -> Set.of("Deciding", "Owned");
          default -> Set.of(was);
        };
    if (step.event().equals(Transition.RECOVERED) && !before.contains(was)) {
      findings.found(
          first,
          "DCM-REC-001",
          "the %s was in %s when the peer ended, and no one step leads from there to %s"
              .formatted(step.role().text(), was, step.next()));
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

  /** What has ended, ended in one way. */
  private static void end(Located last, Located first, MigrationCheck.Findings findings) {
    Map<Fact, String> was = last.event().transition().facts();
    Map<Fact, String> is = first.event().transition().facts();
    boolean changed =
        last.event().transition().next().equals("Ended")
            && !(Objects.equals(was.get(Fact.RESULT), is.get(Fact.RESULT))
                && Objects.equals(was.get(Fact.OWNER), is.get(Fact.OWNER)));
    if (changed) {
      findings.found(
          first, "DCM-REC-003", "the migration had ended in another way when the peer ended");
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
