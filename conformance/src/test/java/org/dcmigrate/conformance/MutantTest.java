package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.FaultyPeer.Call;
import org.dcmigrate.conformance.FaultyPeer.Fault;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite can fail: destinations with one fault each, and the case that finds it. */
class MutantTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @TempDir private Path directory;

  // One for each mutant: some leave migrations behind, up to the reference's limit.
  private ReferencePeer reference;

  @BeforeEach
  void startReference() throws Exception {
    reference = ReferencePeer.start(directory);
  }

  @AfterEach
  void stopReference() {
    reference.close();
  }

  @Test
  void withoutFaultEverythingPasses() throws Exception {
    try (FaultyPeer peer = FaultyPeer.inFrontOf(reference.endpoint(), new Fault() {})) {
      assertThat(Tester.run(peer.endpoint(), reference.tester(), TIMEOUT))
          .filteredOn(result -> result.verdict() != Verdict.PASS)
          .extracting(Report::text)
          .isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("org.dcmigrate.conformance.Mutants#all")
  void isKilled(Mutants.Mutant mutant) throws Exception {
    try (FaultyPeer peer = FaultyPeer.inFrontOf(reference.endpoint(), mutant.fault())) {
      List<CaseResult> results =
          Tester.run(peer.endpoint(), reference.tester(), TIMEOUT, mutant.killer());

      assertThat(results).hasSize(1);
      assertThat(results.getFirst().verdict())
          .as(Report.text(results.getFirst()))
          .isEqualTo(Verdict.FAIL);
      assertThat(Report.text(results.getFirst())).contains(mutant.says());
      assertThat(results.getFirst().messages()).isNotEmpty();
    }
  }

  /** No case about a refusal passes at a peer that refuses nothing. */
  @Test
  void refusesNothing() throws Exception {
    Fault fault =
        new Fault() {
          @Override
          public Optional<Message> instead(Call call, String reason) {
            return Optional.of(Faults.success(call));
          }
        };
    noRefusalPasses(fault);
  }

  /** Nor at one that refuses without a reason. */
  @Test
  void refusesWithoutReason() throws Exception {
    noRefusalPasses(
        new Fault() {
          @Override
          public Metadata trailers(Metadata trailers) {
            return new Metadata();
          }
        });
  }

  private void noRefusalPasses(Fault fault) throws Exception {
    try (FaultyPeer peer = FaultyPeer.inFrontOf(reference.endpoint(), fault)) {
      List<CaseResult> results = Tester.run(peer.endpoint(), reference.tester(), TIMEOUT);
      assertThat(results)
          .filteredOn(result -> result.of().purpose().contains("refuse"))
          .hasSizeGreaterThan(100)
          .filteredOn(result -> result.verdict() == Verdict.PASS)
          .extracting(result -> result.of().name())
          .isEmpty();
    }
  }
}
