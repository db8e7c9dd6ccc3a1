package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reference peer passes every case, and is left as it was. */
class ReferenceTest {
  @Test
  void passesEverything(@TempDir Path directory) throws Exception {
    try (ReferencePeer peer = ReferencePeer.start(directory)) {
      List<CaseResult> results = Tester.run(peer);

      assertThat(
              results.stream()
                  .filter(result -> !Tester.passed(result))
                  .map(Report::text)
                  .collect(Collectors.joining("\n")))
          .isEmpty();
      assertThat(results).hasSameSizeAs(Tester.asSource());
      assertThat(peer.daemon().holders().activeCount()).as("migrations left behind").isZero();
      assertThat(peer.daemon().guests().all()).as("guests left behind").isEmpty();
    }
  }

  @Test
  void refusesCompressedChunksWhereItTakesNone(@TempDir Path directory) throws Exception {
    try (ReferencePeer peer = ReferencePeer.start(directory, CompressionMode.OFF)) {
      List<CaseResult> results = Tester.run(peer, "pages/destination/compressed*");

      assertThat(results).hasSizeGreaterThan(10);
      assertThat(results)
          .filteredOn(result -> result.verdict() != Verdict.PASS)
          .extracting(Report::text)
          .isEmpty();
    }
  }
}
