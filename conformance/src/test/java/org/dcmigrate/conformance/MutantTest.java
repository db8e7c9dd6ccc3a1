package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.conformance.mutants.Faults;
import org.dcmigrate.conformance.mutants.FaultyPeer;
import org.dcmigrate.conformance.mutants.FaultyPeer.Backend;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.mutants.KillMatrix;
import org.dcmigrate.conformance.mutants.Mutant;
import org.dcmigrate.conformance.mutants.Mutants;
import org.dcmigrate.conformance.mutants.Proof;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.transport.Security;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite can fail: destinations with one fault each, and the case that finds it. */
class MutantTest {
  private static final Security SECURITY = new Security.PlaintextLoopback(ReferencePeer.TESTER);

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
    try (FaultyPeer peer = FaultyPeer.inFrontOf(backend(), Fault.NONE)) {
      assertThat(Tester.run(peer, reference))
          .filteredOn(result -> !Tester.passed(result))
          .extracting(Report::text)
          .isEmpty();
    }
  }

  static List<Mutant> holders() {
    return Mutants.all().stream().filter(each -> !each.isSource() && !each.needsAdapter()).toList();
  }

  @ParameterizedTest
  @MethodSource("holders")
  void isKilled(Mutant mutant) throws Exception {
    assertThat(Proof.clauses()).contains(mutant.clause());
    assertThat(Suite.matching(List.of(mutant.killer())))
        .as("the case cites the clause")
        .anyMatch(each -> each.references().contains(mutant.clause()));

    KillMatrix.Row row = row(mutant);

    assertThat(row.fate()).as(Report.text(row.result())).isEqualTo(KillMatrix.Fate.KILLED);
    assertThat(row.result().messages()).isNotEmpty();
  }

  /** The matrix itself can fail. */
  @Test
  void aMutantWithoutFaultSurvives() throws Exception {
    Mutant right =
        new Mutant(
            "is right",
            "DCM-VER-001",
            "handshake/destination/version-chosen",
            "version chosen",
            Fault.NONE);
    assertThat(row(right).fate()).isEqualTo(KillMatrix.Fate.SURVIVED);
  }

  private KillMatrix.Row row(Mutant mutant) throws Exception {
    return new KillMatrix(reference.cast(), TestGuest.synthetic())
        .mutants(List.of(mutant), each -> {})
        .getFirst();
  }

  private Backend backend() {
    return new Backend(reference.endpoint(), SECURITY, ReferencePeer.TESTER);
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
    try (FaultyPeer peer = FaultyPeer.inFrontOf(backend(), fault)) {
      List<CaseResult> results = Tester.run(peer, reference);
      assertThat(results)
          .filteredOn(result -> result.of().purpose().contains("refuse"))
          .hasSizeGreaterThan(100)
          .filteredOn(result -> result.verdict() == Verdict.PASS)
          .extracting(result -> result.of().name())
          .isEmpty();
    }
  }
}
