package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.conformance.suite.KnownFailing;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cases that run at several targets at a time. */
class JobsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration BUDGET = Duration.ofMinutes(5);

  @TempDir private Path directory;

  @Test
  void casesMeetAtDifferentTargetsAndAreToldInTheirOrder() throws Exception {
    CyclicBarrier meeting = new CyclicBarrier(2);
    Set<Target> met = ConcurrentHashMap.newKeySet();
    List<Case> cases =
        IntStream.range(0, 6)
            .mapToObj(
                i ->
                    Case.of(
                        "jobs/any/case-" + i,
                        "two of them are under way at once",
                        "DCM-TRN-007",
                        trial -> meet(trial, meeting, met)))
            .toList();
    List<CaseResult> told = new ArrayList<>();

    List<CaseResult> results = run(cases, told);

    assertThat(results).extracting(CaseResult::verdict).containsOnly(Verdict.PASS);
    assertThat(results).extracting(CaseResult::of).isEqualTo(cases);
    assertThat(told).containsExactlyInAnyOrderElementsOf(results);
    assertThat(met).hasSize(2);
  }

  private static void meet(Trial trial, CyclicBarrier meeting, Set<Target> met) {
    try {
      meeting.await(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (Exception alone) {
      throw new IllegalStateException("no other case was under way", alone);
    }
    met.add(trial.target());
  }

  @Test
  void realCasesDoNotDisturbEachOther() throws Exception {
    List<Case> cases = Suite.matching(List.of("{pages,merge,plain,redirect,path}/**"));

    List<CaseResult> results = run(cases, new ArrayList<>());

    assertThat(results).hasSameSizeAs(cases).filteredOn(result -> !Tester.passed(result)).isEmpty();
  }

  private List<CaseResult> run(List<Case> cases, List<CaseResult> told) throws Exception {
    try (ReferencePeer one = ReferencePeer.start(Files.createDirectory(directory.resolve("1")));
        ReferencePeer two = ReferencePeer.start(Files.createDirectory(directory.resolve("2")));
        Target first = Target.open(one.cast(), TIMEOUT);
        Target second = Target.open(two.cast(), TIMEOUT)) {
      return new Runner(
              List.of(first, second),
              TestGuest.synthetic(),
              true,
              BUDGET,
              KnownFailing.NONE,
              Claims.ALL)
          .run(cases, told::add);
    }
  }
}
