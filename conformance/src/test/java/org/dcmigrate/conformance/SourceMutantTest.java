package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.mutants.KillMatrix;
import org.dcmigrate.conformance.mutants.Mutant;
import org.dcmigrate.conformance.mutants.Mutants;
import org.dcmigrate.conformance.mutants.Proof;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Suite;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The suite can fail: sources with one fault each, and the case that finds it. */
class SourceMutantTest {
  @TempDir private Path directory;

  private ReferencePeer reference;

  @BeforeEach
  void startReference() throws Exception {
    reference = ReferencePeer.start(directory);
  }

  @AfterEach
  void stopReference() {
    reference.close();
  }

  /**
   * Every third, as each takes seconds: a migration of its own, and a case that waits. {@code
   * -Ddcm.mutants.step=1} takes all, as {@code kill-matrix} does.
   */
  static List<Mutant> sources() {
    List<Mutant> all =
        Mutants.all().stream().filter(each -> each.isSource() && !each.needsAdapter()).toList();
    int step = Integer.getInteger("dcm.mutants.step", 3);
    return IntStream.range(0, all.size()).filter(i -> i % step == 0).mapToObj(all::get).toList();
  }

  @ParameterizedTest
  @MethodSource("sources")
  void isKilled(Mutant mutant) throws Exception {
    assertThat(Proof.clauses()).contains(mutant.clause());
    assertThat(Suite.matching(List.of(mutant.killer())))
        .as("the case cites the clause")
        .anyMatch(each -> each.references().contains(mutant.clause()));

    KillMatrix.Row row = matrix().mutants(List.of(mutant), each -> {}).getFirst();

    assertThat(row.fate()).as(Report.text(row.result())).isEqualTo(KillMatrix.Fate.KILLED);
    assertThat(row.result().messages()).isNotEmpty();
  }

  /** The matrix itself can fail. */
  @Test
  void aMutantWithoutFaultSurvives() throws Exception {
    Mutant right =
        new Mutant(
            "is right", "DCM-SWO-012", "plain/source/copy-ended", "end of the copy", Fault.NONE);
    assertThat(matrix().mutants(List.of(right), each -> {}))
        .extracting(KillMatrix.Row::fate)
        .containsExactly(KillMatrix.Fate.SURVIVED);
  }

  /**
   * Each clause that a case of the role cites is violated by a mutant; those stand between peers
   * without TLS, so that of who listens none is.
   */
  @Test
  void eachClauseHasAMutant() {
    List<String> violated = Mutants.all().stream().map(Mutant::clause).toList();
    assertThat(Suite.all())
        .filteredOn(each -> Selection.role(each).equals("source"))
        .flatExtracting(Case::references)
        .isNotEmpty()
        .filteredOn(clause -> !violated.contains(clause))
        .containsExactlyInAnyOrder("DCM-DIG-004", "DCM-SEC-005");
  }

  private KillMatrix matrix() {
    return new KillMatrix(reference.cast(), TestGuest.synthetic());
  }
}
