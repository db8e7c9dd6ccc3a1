package org.dcmigrate.ctl;

import picocli.CommandLine.Option;

/** The option that says how results are printed. */
final class OutputOption {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "${COMPLETION-CANDIDATES}. [${DEFAULT-VALUE}]")
  Format format = Format.TABLE;
}
