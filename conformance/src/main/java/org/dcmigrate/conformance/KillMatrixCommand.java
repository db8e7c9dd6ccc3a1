package org.dcmigrate.conformance;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.mutants.KillMatrix;
import org.dcmigrate.conformance.mutants.KillMatrix.Fate;
import org.dcmigrate.conformance.mutants.Mutant;
import org.dcmigrate.conformance.mutants.Mutants;
import org.dcmigrate.conformance.mutants.NullPeer;
import org.dcmigrate.conformance.mutants.Proof;
import org.dcmigrate.conformance.suite.Glob;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.protocol.DcmException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance kill-matrix}. */
@Command(
    name = "kill-matrix",
    mixinStandardHelpOptions = true,
    description = {
      "Shows that the suite can fail.",
      "Puts peers with one fault each in front of the target, and shows which case finds the"
          + " fault; runs all cases at peers that do nothing right; lists the clauses that nothing"
          + " proves. The target is a peer that conforms."
    })
final class KillMatrixCommand implements Callable<Integer> {
  private static final int NOT_PROVEN = 1;
  private static final int WRONG_USAGE = 2;
  private static final int CLAUSES_A_LINE = 8;

  @Mixin private TargetOptions target = new TargetOptions();
  @Mixin private GuestOptions guest = new GuestOptions();
  @Spec private CommandSpec spec;

  @Option(
      names = "--case",
      paramLabel = "GLOB",
      description = "Only mutants that such a case finds, and no peers that do nothing right.")
  private String killer = "";

  @Override
  public Integer call() {
    try {
      return show(spec.commandLine().getOut());
    } catch (DcmException wrong) {
      spec.commandLine().getErr().println("dcm-conformance: " + wrong.sentence());
      return WRONG_USAGE;
    }
  }

  private int show(PrintWriter out) throws DcmException {
    try (Session session = Session.open(target, guest)) {
      return show(new KillMatrix(session.cast(), session.guest()), out);
    }
  }

  private int show(KillMatrix matrix, PrintWriter out) throws DcmException {
    out.println("MUTANTS");
    List<KillMatrix.Row> rows =
        matrix.mutants(
            mutants(),
            row -> {
              out.printf(
                  "%-12s  %-54s  %s  %s%n",
                  row.fate(), row.mutant().name(), row.mutant().clause(), row.mutant().killer());
              if (row.fate() != Fate.KILLED) {
                out.printf("  must say: %s%n%s", row.mutant().says(), Report.text(row.result()));
              }
              out.flush();
            });
    out.printf("%nPEERS THAT DO NOTHING RIGHT%n");
    List<KillMatrix.Nothing> nothing =
        matrix.nullPeers(
            killer.isEmpty() ? Arrays.asList(NullPeer.values()) : List.of(),
            one -> {
              out.printf(
                  "%-52s  %d cases, %d passed%n",
                  one.peer().does(), one.cases(), one.passed().size());
              one.passed().forEach(name -> out.printf("  passed: %s%n", name));
              out.flush();
            });
    Proof proof = Proof.of(rows);
    out.printf("%nCLAUSES%n");
    list(out, "a mutant that violates it is killed", proof.proven());
    list(out, "a case cites it, no mutant proves the case", proof.checked());
    list(out, "no case cites it", proof.open());
    long killed = rows.stream().filter(row -> row.fate() == Fate.KILLED).count();
    boolean complete =
        killed == rows.size() && nothing.stream().allMatch(one -> one.passed().isEmpty());
    out.printf(
        "%n%d of %d mutants killed; %d of %d clauses proven%n",
        killed, rows.size(), proof.proven().size(), Proof.clauses().size());
    out.flush();
    return complete ? CommandLine.ExitCode.OK : NOT_PROVEN;
  }

  private List<Mutant> mutants() {
    return Mutants.all().stream()
        .filter(each -> killer.isEmpty() || Glob.fits(killer, each.killer()))
        .toList();
  }

  private static void list(PrintWriter out, String title, Set<String> clauses) {
    out.printf("%d: %s%n", clauses.size(), title);
    int column = 0;
    for (String clause : clauses) {
      out.print((column % CLAUSES_A_LINE == 0 ? "  " : " ") + clause);
      column++;
      if (column % CLAUSES_A_LINE == 0 || column == clauses.size()) {
        out.println();
      }
    }
  }
}
