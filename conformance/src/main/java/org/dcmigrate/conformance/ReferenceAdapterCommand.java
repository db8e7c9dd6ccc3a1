package org.dcmigrate.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.adapter.ReferenceAdapter;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code dcm-conformance reference-adapter}, which the suite itself starts. */
@Command(
    name = "reference-adapter",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Serves the adapter protocol on standard input and output, for bin/dcmd.")
final class ReferenceAdapterCommand implements Callable<Integer> {
  @Override
  public Integer call() throws IOException {
    Optional<String> home = Optional.ofNullable(System.getProperty("dcm.home"));
    if (home.isEmpty()) {
      System.err.println("dcm-conformance: reference-adapter is started by bin/dcm-conformance");
      return CommandLine.ExitCode.USAGE;
    }
    try (ReferenceAdapter adapter = new ReferenceAdapter(Path.of(home.get()))) {
      adapter.serve(System.in, System.out);
    }
    return CommandLine.ExitCode.OK;
  }
}
