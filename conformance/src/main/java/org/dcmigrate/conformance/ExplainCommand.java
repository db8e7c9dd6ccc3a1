package org.dcmigrate.conformance;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Clauses;
import org.dcmigrate.conformance.suite.Clauses.Clause;
import org.dcmigrate.conformance.suite.Selection;
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
      "Or a case: its purpose, and the clauses that it cites.",
      "",
      "Exit codes: 0 told; 2 there is no such clause or case."
    })
final class ExplainCommand implements Callable<Integer> {
  private static final int WRONG_USAGE = 2;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "NAME",
      description = "E.g. DCM-VER-001, or handshake/destination/version-chosen.")
  private String id = "";

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Optional<Clause> clause = Optional.ofNullable(Clauses.all().get(id));
    Optional<Case> named = Suite.all().stream().filter(each -> each.name().equals(id)).findFirst();
    if (clause.isEmpty() && named.isEmpty()) {
      spec.commandLine().getErr().printf("dcm-conformance: there is no clause or case %s%n", id);
      spec.commandLine().getErr().flush();
      return WRONG_USAGE;
    }
    clause.ifPresent(each -> tell(each, out));
    named.ifPresent(each -> tell(each, out));
    out.flush();
    return 0;
  }

  private static void tell(Case named, PrintWriter out) {
    out.printf(
        "%s  L%d%s%n  %s%n",
        named.name(),
        Selection.level(named),
        named.commits() ? ", gives a guest to the target" : "",
        named.purpose());
    Clauses.of(named).forEach(clause -> out.printf("%s: %s%n", clause.id(), clause.text()));
  }

  private void tell(Clause clause, PrintWriter out) {
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
  }
}
