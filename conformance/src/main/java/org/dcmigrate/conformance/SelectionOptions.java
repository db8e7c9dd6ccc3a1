package org.dcmigrate.conformance;

import java.util.ArrayList;
import java.util.List;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Selection;
import org.dcmigrate.conformance.suite.Selection.Levels;
import org.dcmigrate.conformance.suite.Suite;
import picocli.CommandLine.Option;

/** The options that say which cases. */
final class SelectionOptions {
  @Option(
      names = "--case",
      paramLabel = "GLOB",
      description =
          "Cases to run, e.g. pages/*/* or **/*epoch*; * stays within a part, ** does not."
              + " May be repeated.")
  List<String> globs = new ArrayList<>();

  @Option(
      names = "--clause",
      paramLabel = "GLOB",
      description = "Only cases that cite such a clause, e.g. DCM-RDR-*. May be repeated.")
  List<String> clauses = new ArrayList<>();

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      description = "Only cases of this role, e.g. destination. May be repeated.")
  List<String> roles = new ArrayList<>();

  @Option(
      names = "--level",
      paramLabel = "LEVEL",
      description =
          "Only cases of this level, or of these: L1, L0..L2. A case is of the highest level of its"
              + " clauses; of these, handshake, errors and future cases of L1 are L0. Restarts of"
              + " the target are L3.")
  Levels levels = Levels.ALL;

  @Option(
      names = "--smoke",
      description = "Only a few cases, one of each important area; in some seconds.")
  boolean smoke;

  /** The cases that all of them leave. */
  List<Case> cases() {
    return new Selection(globs, clauses, roles, levels).of(smoke ? Suite.smoke() : Suite.all());
  }
}
