package org.dcmigrate.conformance;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.report.Badge;
import org.dcmigrate.conformance.report.HtmlReport;
import org.dcmigrate.conformance.report.JunitReport;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Claims;
import org.dcmigrate.conformance.suite.KnownFailing;
import org.dcmigrate.conformance.suite.Order;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance run}. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Plays the other roles to a peer and checks what it does.",
      "The target must have the tester's identities among its configured peers and operators."
    })
final class RunCommand implements Callable<Integer> {
  private static final int NOT_ALL_PASSED = 1;
  private static final int WRONG_USAGE = 2;
  private static final int MOST_JOBS = 64;

  @Mixin private TargetOptions target = new TargetOptions();
  @Mixin private GuestOptions guest = new GuestOptions();
  @Mixin private SelectionOptions selection = new SelectionOptions();
  @Spec private CommandSpec spec;

  @Option(
      names = "--commit",
      description =
          "Also run the cases that give the guest to the target. It runs there then; a synthetic"
              + " one is deleted afterwards, where the tester is an operator of the target.")
  private boolean commit;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json. [table]")
  private Format output = Format.table;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description =
          "How long the target may take for an answer, besides a hundred round trips to it, which"
              + " are measured and count 200 ms at the most. [10]")
  private double timeoutSeconds = 10;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      description = "How long all cases may take; those left then are not run. [600]")
  private double budgetSeconds = 600;

  @Option(
      names = "--known-failing",
      paramLabel = "FILE",
      description =
          "Cases known to fail, one on a line: a glob, the last day as yyyy-mm-dd, the reason."
              + " They run; the run fails where one passes, fits no case or has expired.")
  private Optional<Path> knownFailing = Optional.empty();

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Run the cases so often, 1 or more. [1]")
  private int repeat = 1;

  @Option(names = "--until-fail", description = "Of --repeat, stop after the first that fails.")
  private boolean untilFail;

  @Option(
      names = "--shuffle",
      description = "Run the cases in another order each time; its seed is told at the start.")
  private boolean shuffle;

  @Option(
      names = "--replay",
      paramLabel = "SEED",
      description = "Run the cases in the order of this seed, as a run with --shuffle told it.")
  private Optional<Integer> replay = Optional.empty();

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description =
          "Start so many targets and run the cases at whichever is free; for --reference and files"
              + " whose adapter starts the target. [1]")
  private int jobs = 1;

  @Option(
      names = "--dry-run",
      description =
          "Only tell what would run, and why the rest not. A file as --target says what the target"
              + " claims, or its adapter does; no target is started.")
  private boolean dryRun;

  @Option(names = "--junit", paramLabel = "FILE", description = "Write JUnit XML.")
  private Optional<Path> junit = Optional.empty();

  @Option(names = "--json", paramLabel = "FILE", description = "Write JSON, as with -o json.")
  private Optional<Path> jsonFile = Optional.empty();

  @Option(names = "--html", paramLabel = "FILE", description = "Write one HTML file.")
  private Optional<Path> html = Optional.empty();

  @Option(names = "--badge", paramLabel = "FILE", description = "Write an SVG badge.")
  private Optional<Path> badge = Optional.empty();

  /** How results are told. */
  enum Format {
    table,
    json
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<Case> cases = selection.cases();
    try {
      return dryRun ? tell(cases, out) : run(cases, out);
    } catch (DcmException wrong) {
      spec.commandLine().getErr().println("dcm-conformance: " + wrong.sentence());
      return WRONG_USAGE;
    }
  }

  private int tell(List<Case> cases, PrintWriter out) throws DcmException {
    Optional<TargetFile.Target> named = target.named();
    Claims claims = named.isPresent() ? Session.claims(named.get()) : Claims.ALL;
    boolean giving = commit || named.stream().anyMatch(TargetFile.Target.ToStart.class::isInstance);
    for (Case each : Suite.all()) {
      String fate = "runs";
      if (!cases.contains(each)) {
        fate = "not selected";
      } else if (claims.objection(each).isPresent()) {
        fate = "not claimed";
      } else if (each.commits() && !giving) {
        fate = "needs --commit";
      }
      out.printf("%-14s %s%n", fate, each.name());
    }
    out.flush();
    return CommandLine.ExitCode.OK;
  }

  private int run(List<Case> cases, PrintWriter out) throws DcmException {
    if (repeat < 1) {
      throw new DcmException(Reason.FIELD_INVALID, "--repeat is at least 1");
    }
    if (jobs < 1 || jobs > MOST_JOBS) {
      throw new DcmException(Reason.FIELD_INVALID, "--jobs is 1 to " + MOST_JOBS);
    }
    if (shuffle && replay.isPresent()) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "--shuffle makes a new order, --replay an old one: give one of them");
    }
    KnownFailing known = known();
    List<String> stale = known.stale(Suite.all(), LocalDate.now(ZoneOffset.UTC));
    if (commit
        && target.target.isPresent()
        && target.named().isEmpty()
        && target.listen.isEmpty()) {
      throw new DcmException(
          Reason.FIELD_INVALID,
          "--commit needs --listen: the target asks its source for a vote before it owns a guest");
    }
    try (Session session = Session.open(target, guest)) {
      boolean giving = commit || session.ownTarget();
      Duration patience = session.patience(duration(timeoutSeconds));
      Optional<Order> order = order();
      begin(patience, order);
      Runner runner =
          new Runner(
              session.targets(Math.clamp(cases.size(), 1, jobs), patience),
              session.guest(),
              giving,
              duration(budgetSeconds),
              known,
              session.claims());
      List<CaseResult> results = new ArrayList<>();
      boolean soFar = true;
      for (int i = 0; i < repeat && (soFar || !untilFail); i++) {
        List<CaseResult> round =
            runner.run(
                order.map(shuffled -> shuffled.next(cases)).orElse(cases),
                result -> {
                  if (output == Format.table) {
                    out.print(Report.text(result));
                    out.flush();
                  }
                });
        results.addAll(round);
        soFar &= Report.allPassed(round, giving);
      }
      boolean passed = soFar && stale.isEmpty();
      out.print(
          output == Format.table
              ? "\n%s\n%s\n".formatted(Report.byRoleAndLevel(results), Report.summary(results))
              : Report.json(session.endpoint(), results, passed, order));
      out.flush();
      stale.forEach(spec.commandLine().getErr()::println);
      write(session.endpoint(), results, passed, order);
      return passed ? CommandLine.ExitCode.OK : NOT_ALL_PASSED;
    }
  }

  private Optional<Order> order() {
    return replay.isEmpty() && shuffle
        ? Optional.of(Order.of(new SecureRandom().nextInt(1, Integer.MAX_VALUE)))
        : replay.map(Order::of);
  }

  /** Told before the first case, so that it is there whatever becomes of the run. */
  private void begin(Duration patience, Optional<Order> order) {
    PrintWriter err = spec.commandLine().getErr();
    if (patience.toMillis() >= 1.1 * timeoutSeconds * 1000) {
      err.printf("The way to the target is long: an answer may take %d ms.%n", patience.toMillis());
    }
    order.ifPresent(
        shuffled ->
            err.printf(
                "The same order again, with the same choice of cases: --replay %d%n",
                shuffled.seed()));
    err.flush();
  }

  private KnownFailing known() throws DcmException {
    if (knownFailing.isEmpty()) {
      return KnownFailing.NONE;
    }
    try {
      return KnownFailing.parse(Files.readAllLines(knownFailing.get()));
    } catch (IOException | IllegalArgumentException wrong) {
      throw new DcmException(Reason.FIELD_INVALID, knownFailing.get() + ": " + wrong, wrong);
    }
  }

  private void write(
      String endpoint, List<CaseResult> results, boolean passed, Optional<Order> order)
      throws DcmException {
    write(junit, () -> JunitReport.of(results));
    write(jsonFile, () -> Report.json(endpoint, results, passed, order));
    write(html, () -> HtmlReport.of(endpoint, results, passed));
    write(badge, () -> Badge.of(results, passed));
  }

  private static void write(Optional<Path> file, Supplier<String> text) throws DcmException {
    if (file.isPresent()) {
      try {
        Files.writeString(file.get(), text.get());
      } catch (IOException unwritable) {
        throw new DcmException(
            Reason.FIELD_INVALID, file.get() + " cannot be written: " + unwritable, unwritable);
      }
    }
  }

  private static Duration duration(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1000));
  }
}
