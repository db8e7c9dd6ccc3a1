package org.dcmigrate.conformance.mutants;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Suite;

/**
 * Which clauses of the specification are proven: a case cites the clause, and a peer that violates
 * it was found by that case.
 *
 * @param proven clauses with a mutant that is killed
 * @param checked clauses with a case, and no such mutant
 * @param open clauses without a case
 */
public record Proof(Set<String> proven, Set<String> checked, Set<String> open) {
  public Proof {
    proven = new TreeSet<>(proven);
    checked = new TreeSet<>(checked);
    open = new TreeSet<>(open);
  }

  /** By these rows and all cases there are. */
  public static Proof of(List<KillMatrix.Row> rows) {
    Set<String> proven =
        rows.stream()
            .filter(row -> row.fate() == KillMatrix.Fate.KILLED)
            .map(row -> row.mutant().clause())
            .collect(Collectors.toSet());
    Set<String> checked =
        Suite.all().stream()
            .map(Case::references)
            .flatMap(List::stream)
            .filter(clauses()::contains)
            .collect(Collectors.toSet());
    checked.removeAll(proven);
    Set<String> open = clauses();
    open.removeAll(proven);
    open.removeAll(checked);
    return new Proof(proven, checked, open);
  }

  /** The identifiers of all clauses. */
  public static Set<String> clauses() {
    try (InputStream table = Proof.class.getResourceAsStream("clauses.tsv")) {
      if (table == null) {
        throw new IllegalStateException("this build has no table of clauses");
      }
      return new BufferedReader(new InputStreamReader(table, StandardCharsets.UTF_8))
          .lines()
          .skip(1)
          .map(line -> line.substring(0, line.indexOf('\t')))
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
