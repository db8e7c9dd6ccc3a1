package org.dcmigrate.conformance;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.dcmigrate.protocol.trace.Tables;
import org.dcmigrate.protocol.trace.TraceCheck;
import org.dcmigrate.protocol.trace.TraceEvent;
import org.dcmigrate.protocol.trace.TraceReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance trace-check}. */
@Command(
    name = "trace-check",
    mixinStandardHelpOptions = true,
    description = {
      "Checks traces, of one peer or of several together, against the transition tables and the"
          + " rules that hold between peers.",
      "What another peer must have done is checked where its trace is given, too.",
      "",
      "Exit codes: 0 there are events and all is well; 1 a rule is broken, or there is no event;"
          + " 2 wrong usage, or a file cannot be read."
    })
final class TraceCheckCommand implements Callable<Integer> {
  private static final int BROKEN = 1;
  private static final int WRONG_USAGE = 2;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "Traces, one JSON object in each line; see docs/trace.schema.json.")
  private List<Path> files = List.of();

  @Option(
      names = "--whole",
      description =
          "The traces are of all peers, to their ends, so that what one builds upon must be in"
              + " another's. Without it, what is missing breaks no rule.")
  private boolean whole;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    TraceReader reader = new TraceReader();
    for (Path file : files) {
      try {
        reader.read(file);
      } catch (IOException unreadable) {
        PrintWriter err = spec.commandLine().getErr();
        err.printf("%s cannot be read: %s%n", file, unreadable);
        err.flush();
        return WRONG_USAGE;
      }
    }
    List<TraceCheck.Finding> findings =
        reader.check(Tables.published(), whole ? TraceCheck.Given.WHOLE : TraceCheck.Given.PARTS);
    findings.forEach(out::println);
    List<TraceEvent> events = reader.events().stream().map(TraceCheck.Located::event).toList();
    out.printf(
        "%d events of %d peers and %d migrations: %s%n",
        events.size(),
        events.stream().map(TraceEvent::peer).distinct().count(),
        events.stream().map(TraceEvent::migration).distinct().count(),
        verdict(events, findings));
    out.flush();
    return events.isEmpty() || !findings.isEmpty() ? BROKEN : 0;
  }

  private static String verdict(List<TraceEvent> events, List<TraceCheck.Finding> findings) {
    if (events.isEmpty() && findings.isEmpty()) {
      return "nothing was checked; is `trace` in the configuration of the peers?";
    }
    return findings.isEmpty() ? "no rule is broken" : findings.size() + " rules are broken";
  }
}
