package org.dcmigrate.conformance;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Clauses;
import org.dcmigrate.conformance.suite.Clauses.Clause;
import org.dcmigrate.conformance.suite.Suite;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance explain}. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    description = {
      "Tells a clause of the specification: its text, the cases that cite it, its waiver.",
      "",
      "Exit codes: 0 told; 2 there is no such clause."
    })
final class ExplainCommand implements Callable<Integer> {
  private static final int WRONG_USAGE = 2;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "CLAUSE", description = "E.g. DCM-VER-001.")
  private String id = "";

  @Override
  public Integer call() {
    Optional<Clause> found = Optional.ofNullable(Clauses.all().get(id));
    if (found.isEmpty()) {
      spec.commandLine().getErr().printf("dcm-conformance: there is no clause %s%n", id);
      spec.commandLine().getErr().flush();
      return WRONG_USAGE;
    }
    Clause clause = found.get();
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s  %s, L%d, %s, section %s%n  %s%n",
        id,
        String.join(", ", clause.roles()),
        clause.level(),
        clause.keyword(),
        clause.section(),
        clause.text());
    List<Case> cases = Suite.all().stream().filter(each -> each.references().contains(id)).toList();
    out.println(cases.isEmpty() ? "No case cites it." : "Cases:");
    cases.forEach(each -> out.printf("  %s: %s%n", each.name(), each.purpose()));
    Optional.ofNullable(Clauses.waivers().get(id))
        .ifPresent(waiver -> out.printf("Waived, %s: %s%n", waiver.kind(), waiver.reason()));
    out.flush();
    return 0;
  }
}
