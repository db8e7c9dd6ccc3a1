package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reference peer passes every case as source, and is left as it was. */
class SourceTest {
  @Test
  void passesEverything(@TempDir Path directory) throws Exception {
    try (ReferencePeer peer = ReferencePeer.start(directory)) {
      List<CaseResult> results = Tester.run(peer.cast(), Duration.ofSeconds(10), Tester.ofSource());

      assertThat(
              results.stream()
                  .filter(result -> !Tester.passed(result))
                  .map(Report::text)
                  .collect(Collectors.joining("\n")))
          .isEmpty();
      assertThat(results).isNotEmpty();
      assertThat(peer.daemon().guests().all()).as("guests left behind").isEmpty();
    }
  }
}
