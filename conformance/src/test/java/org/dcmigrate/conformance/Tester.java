package org.dcmigrate.conformance;

import java.time.Duration;
import java.util.List;
import org.dcmigrate.conformance.mutants.FaultyPeer;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.DcmException;

/** Runs the suite against a peer on loopback. */
final class Tester {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration BUDGET = Duration.ofMinutes(10);

  private Tester() {}

  /** The cases in which the tester is no more than a source, and kills nobody. */
  static List<Case> asSource(String... globs) {
    return Suite.matching(List.of(globs)).stream()
        .filter(each -> !Selection.role(each).equals("source") && !killsTarget(each))
        .toList();
  }

  /** Whether a case is one of {@link RestartTest}. */
  static boolean killsTarget(Case one) {
    return one.name().startsWith("restart/");
  }

  /** The cases of the role source. */
  static List<Case> ofSource(String... globs) {
    return Suite.matching(List.of(globs)).stream()
        .filter(each -> Selection.role(each).equals("source") && !killsTarget(each))
        .toList();
  }

  /** Runs cases in which the tester is the source at a reference peer. */
  static List<CaseResult> run(ReferencePeer peer, String... globs) throws DcmException {
    return run(peer.cast(), TIMEOUT, asSource(globs));
  }

  /** Runs them at what stands in front of a reference peer. */
  static List<CaseResult> run(FaultyPeer front, ReferencePeer behind, String... globs)
      throws DcmException {
    try (Target target = Target.behind(front.endpoint(), behind.cast(), TIMEOUT, Stage.UNTOUCHED)) {
      return run(target, asSource(globs));
    }
  }

  /** Runs these cases. */
  static List<CaseResult> run(Cast cast, Duration timeout, List<Case> cases) throws DcmException {
    try (Target target = Target.open(cast, timeout)) {
      return run(target, cases);
    }
  }

  private static List<CaseResult> run(Target target, List<Case> cases) {
    return new Runner(target, TestGuest.synthetic(), true, BUDGET).run(cases, result -> {});
  }

  /** Whether a case passed, or needs TLS, which {@link SecurityTest} has, or a declaration. */
  static boolean passed(CaseResult result) {
    return result.verdict() == Verdict.PASS
        || (result.verdict() == Verdict.NOT_APPLICABLE
            && (result.explanation().contains("needs TLS")
                || result.explanation().contains("declares no capabilities")));
  }
}
