package org.dcmigrate.protocol.trace;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dcmigrate.protocol.trace.TraceCheck.Located;

/**
 * The operator's words in one migration: each says to one peer that the guest is one side's, and
 * that the other side is fenced. Nothing else excuses a peer from the rules about the owner.
 */
final class Resolutions {
  private record Word(Role role, String peer, String choice) {}

  private final Set<Word> words = new HashSet<>();
  private final List<Located> untold = new ArrayList<>();

  void take(Located at) {
    Transition step = at.event().transition();
    boolean heard = step.event().equals(Transition.RESOLVE_HEARD);
    boolean resolved = step.event().equals("ResolveAsked") && !step.next().equals(step.state());
    Optional<String> choice = heard ? told(step) : resolved ? done(step) : Optional.empty();
    choice
        .map(one -> new Word(step.role(), at.event().peer(), one))
        .filter(word -> words.add(word) && resolved)
        .ifPresent(word -> untold.add(at));
  }

  private static Optional<String> told(Transition step) {
    return Optional.ofNullable(step.facts().get(Fact.CHOICE));
  }

  private static Optional<String> done(Transition step) {
    boolean destination =
        step.role() == Role.SOURCE
            ? "COMPLETED".equals(step.facts().get(Fact.RESULT))
            : step.next().equals("Owned");
    return Optional.of(destination ? "DESTINATION" : "SOURCE");
  }

  void check(MigrationCheck.Findings findings) {
    for (Located resolution : untold) {
      findings.found(
          resolution, "DCM-OBS-005", "acts on a resolution that was not told before its records");
    }
  }

  /** Whether the operator has given any peer a word. */
  boolean isEmpty() {
    return words.isEmpty();
  }

  /** Whether the operator has said, to whomever, that the guest is this side's. */
  boolean areFor(String choice) {
    return words.stream().anyMatch(word -> word.choice().equals(choice));
  }

  /**
   * Whether the source may have taken the guest back although this peer has it, or the other way
   * round: the one had the operator's word, and the other is fenced.
   */
  boolean excuse(String destination) {
    return words.stream()
        .anyMatch(
            word ->
                word.role() == Role.SOURCE
                    ? word.choice().equals("SOURCE")
                    : word.peer().equals(destination) && word.choice().equals("DESTINATION"));
  }
}
