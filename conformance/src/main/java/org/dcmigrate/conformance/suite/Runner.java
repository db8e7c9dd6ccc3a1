package org.dcmigrate.conformance.suite;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.dcmigrate.conformance.play.CheckFailed;
import org.dcmigrate.conformance.play.Inconclusive;
import org.dcmigrate.conformance.play.NotApplicable;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Trial;

/** Runs cases, at each target one after the other. */
public final class Runner {
  private final List<Target> targets;
  private final TestGuest guest;
  private final boolean commit;
  private final Duration budget;
  private final KnownFailing known;
  private final Claims claims;

  /**
   * A runner.
   *
   * @param commit whether cases may give guests to the target
   * @param budget for all cases together; those that do not fit in are not run
   */
  public Runner(Target target, TestGuest guest, boolean commit, Duration budget) {
    this(List.of(target), guest, commit, budget, KnownFailing.NONE, Claims.ALL);
  }

  /**
   * A runner that knows of cases that fail, and of what the target claims.
   *
   * @param targets one or more of a kind; a case runs at the one that is free first
   */
  public Runner(
      List<Target> targets,
      TestGuest guest,
      boolean commit,
      Duration budget,
      KnownFailing known,
      Claims claims) {
    this.targets = List.copyOf(targets);
    this.guest = guest;
    this.commit = commit;
    this.budget = budget;
    this.known = known;
    this.claims = claims;
  }

  /**
   * Runs these cases.
   *
   * @param each is told each result when it is there, one at a time
   * @return the results in the order of the cases
   */
  public List<CaseResult> run(List<Case> cases, Consumer<CaseResult> each) {
    long endNs = System.nanoTime() + budget.toNanos();
    AtomicInteger begun = new AtomicInteger();
    Map<Integer, CaseResult> results = new TreeMap<>();
    Consumer<Target> lane =
        target -> {
          try {
            for (int i; (i = begun.getAndIncrement()) < cases.size(); ) {
              CaseResult result = run(cases.get(i), target, endNs);
              synchronized (results) {
                results.put(i, result);
                each.accept(result);
              }
            }
          } finally {
            // Where a lane failed, the others end with the case that they are at.
            begun.set(cases.size());
          }
        };
    List<Future<?>> lanes = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      targets.forEach(target -> lanes.add(threads.submit(() -> lane.accept(target))));
    }
    for (Future<?> ended : lanes) {
      if (ended.state() == Future.State.FAILED) {
        throw new IllegalStateException("the suite failed", ended.exceptionNow());
      }
    }
    return List.copyOf(results.values());
  }

  private CaseResult run(Case next, Target at, long endNs) {
    Optional<String> objection = claims.objection(next);
    if (objection.isPresent()) {
      return CaseResult.notApplicable(next, objection.get());
    }
    if (next.commits() && !commit) {
      return CaseResult.notRun(next, "gives a guest to the target; use --commit");
    }
    if (System.nanoTime() - endNs > 0) {
      return CaseResult.notRun(next, "the time for the whole run is over; use --budget");
    }
    return known.judge(run(next, at));
  }

  /** A case that only cites advice warns. */
  static Verdict failure(Case of) {
    List<Clauses.Clause> cited = Clauses.of(of);
    return cited.isEmpty() || cited.stream().anyMatch(Clauses.Clause::must)
        ? Verdict.FAIL
        : Verdict.WARN;
  }

  private CaseResult run(Case next, Target target) {
    long startNs = System.nanoTime();
    Trial trial = new Trial(target, guest);
    Verdict verdict = Verdict.PASS;
    String explanation = "";
    String expected = "";
    String actual = "";
    try {
      next.body().run(trial);
    } catch (CheckFailed failed) {
      verdict = failure(next);
      explanation = failed.what();
      expected = failed.expected();
      actual = failed.actual();
    } catch (Inconclusive inconclusive) {
      verdict = Verdict.INCONCLUSIVE;
      explanation = String.valueOf(inconclusive.getMessage());
      expected = inconclusive.failed().expected();
      actual = inconclusive.failed().actual();
    } catch (NotApplicable notHere) {
      verdict = Verdict.NOT_APPLICABLE;
      explanation = String.valueOf(notHere.getMessage());
    } catch (RuntimeException defect) {
      verdict = Verdict.TESTER_ERROR;
      explanation = "the tester failed: " + defect;
    }
    List<String> messages = verdict == Verdict.PASS ? List.of() : trial.transcript().lines();
    Duration took = Duration.ofNanos(System.nanoTime() - startNs);
    try {
      List<String> left = trial.cleanUp();
      if (verdict == Verdict.PASS) {
        explanation = String.join("; ", left);
      }
    } catch (RuntimeException defect) {
      if (verdict == Verdict.PASS) {
        verdict = Verdict.TESTER_ERROR;
        explanation = "the tester could not clean up: " + defect;
      }
    }
    return new CaseResult(next, verdict, took, explanation, expected, actual, messages);
  }
}
