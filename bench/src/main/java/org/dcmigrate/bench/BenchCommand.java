package org.dcmigrate.bench;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all benchmarks have in common: their options, their end, and the form of their output. */
@Command(mixinStandardHelpOptions = true, showDefaultValues = true)
abstract class BenchCommand implements Callable<Integer> {
  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = "table or json.")
  private Output output = Output.table;

  @Option(names = "--quick", description = "Less of everything: under two minutes.")
  private boolean quick;

  @Option(
      names = "--repeat",
      defaultValue = "0",
      description = "How often each is measured; results are medians. 0: 1 with --quick, else 3.")
  private int repeat;

  @Spec private CommandSpec spec = CommandSpec.create();

  // Named as the user writes them.
  @SuppressWarnings("MemberName")
  enum Output {
    table,
    json
  }

  /** Measures; everything that is started belongs to the workspace. */
  abstract Findings measure(Workspace workspace, Progress progress) throws BenchException;

  final boolean isQuick() {
    return quick;
  }

  /** How often each is measured. */
  final int repeat() {
    return repeat > 0 ? repeat : defaultRepeat();
  }

  /** How often where nothing is said. */
  int defaultRepeat() {
    return quick ? 1 : 3;
  }

  @Override
  public final Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    try (Workspace workspace = Workspace.create()) {
      Findings findings = measure(workspace, new Progress(err));
      PrintWriter out = spec.commandLine().getOut();
      out.println(output == Output.json ? findings.json() : findings.table().stripTrailing());
      out.flush();
      return 0;
    } catch (BenchException failed) {
      err.println("bench: " + failed.sentence());
      return 1;
    }
  }
}
