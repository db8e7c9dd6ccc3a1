package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dcmigrate.conformance.config.StartedTarget;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The Node peer passes every case that the reference peer passes. */
class NodeSuiteTest {
  @BeforeAll
  static void requireNode() {
    NodePeer.require();
  }

  @Test
  void passesEverything() throws Exception {
    Path home = Path.of("").toAbsolutePath().getParent();
    try (StartedTarget peer =
        StartedTarget.start(
            List.of("node", "adapter.js"),
            home.resolve("conformance/node-peer"),
            Optional.empty())) {
      List<Case> cases =
          Suite.all().stream().filter(each -> !Selection.role(each).equals("source")).toList();
      List<CaseResult> results = Tester.run(peer.config().cast(), Duration.ofSeconds(10), cases);

      assertThat(results).hasSameSizeAs(cases);
      assertThat(
              results.stream()
                  .filter(result -> result.verdict() != Verdict.PASS && !isExcused(result))
                  .map(Report::text)
                  .collect(Collectors.joining("\n")))
          .isEmpty();
      assertThat(results)
          .filteredOn(result -> Tester.killsTarget(result.of()))
          .filteredOn(result -> result.verdict() == Verdict.PASS)
          .as("cases that killed the peer")
          .hasSizeGreaterThanOrEqualTo(6);
    }
  }

  @Test
  void passesItsOwnTests() throws Exception {
    Process tests =
        new ProcessBuilder("npm", "test")
            .directory(Path.of("node-peer").toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(tests.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(tests.waitFor()).as(output).isZero();
  }

  /**
   * It serves operators for guests only, moves none, serves no Watch, and is run without TLS here.
   */
  private static boolean isExcused(CaseResult result) {
    return result.verdict() == Verdict.NOT_APPLICABLE
        && Stream.of("MigrationService", "Health/Watch", "needs TLS")
            .anyMatch(result.explanation()::contains);
  }
}
