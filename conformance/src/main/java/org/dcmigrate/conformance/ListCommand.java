package org.dcmigrate.conformance;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.RunCommand.Format;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Report;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance list}. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Lists cases: name, purpose and the clauses that each cites.")
final class ListCommand implements Callable<Integer> {
  @Mixin private SelectionOptions selection = new SelectionOptions();
  @Spec private CommandSpec spec;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json. [table]")
  private Format output = Format.table;

  @Override
  public Integer call() {
    List<Case> cases = selection.cases();
    PrintWriter out = spec.commandLine().getOut();
    out.print(
        switch (output) {
          case table -> Report.list(cases);
          case json -> Report.listJson(cases);
        });
    out.flush();
    return CommandLine.ExitCode.OK;
  }
}
