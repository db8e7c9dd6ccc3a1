package org.dcmigrate.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One cell of the grid, the medians of its runs, some with their spread; the names are those of the
 * JSON document.
 *
 * @param fraction wanted
 * @param redirectedAtFraction of the pages that need not come from the source
 * @param afterRedirectSeconds from the redirect to the guest's resumption
 * @param optimumSeconds T*, see {@link Optimum}
 * @param toOptimum the one by the other
 * @param restartSeconds from the cancel to the guest's resumption after the second migration
 * @param speedUp of the redirect against that
 * @param optimumSpeedUp what it would be if both were optimal
 * @param sourceBytes that the source sent after the redirect
 * @param sourceBytesToOptimum by what it has to send
 * @param duplicateShare of all that arrived after the redirect
 */
record GridCell(
    String links,
    String writer,
    double fraction,
    int runs,
    double redirectedAtFraction,
    double afterRedirectSeconds,
    double optimumSeconds,
    Spread toOptimum,
    double restartSeconds,
    double cancelSeconds,
    Spread speedUp,
    double optimumSpeedUp,
    double sourceBytes,
    double optimumSourceBytes,
    double sourceBytesToOptimum,
    double contributorBytes,
    double duplicateBytes,
    double duplicateShare,
    double downtimeSeconds,
    double restartDowntimeSeconds) {

  /** One run of a cell: both contenders, and what was to be had. */
  record Run(
      GridRig.Redirected redirected, GridRig.Restarted restarted, Optimum best, Optimum restart) {
    double arrivedBytes() {
      return redirected.sourceBytes() + redirected.contributorBytes();
    }
  }

  static GridCell of(LinkShape links, WriterKind writer, double fraction, List<Run> runs) {
    return new GridCell(
        links.label(),
        writer.label(),
        fraction,
        runs.size(),
        median(runs, run -> run.redirected().fraction()),
        median(runs, run -> run.redirected().seconds()),
        median(runs, run -> run.best().seconds()),
        spread(runs, run -> Statistics.ratio(run.redirected().seconds(), run.best().seconds())),
        median(runs, run -> run.restarted().seconds()),
        median(runs, run -> run.restarted().cancelSeconds()),
        spread(
            runs, run -> Statistics.ratio(run.restarted().seconds(), run.redirected().seconds())),
        median(runs, run -> Statistics.ratio(run.restart().seconds(), run.best().seconds())),
        median(runs, run -> run.redirected().sourceBytes()),
        median(runs, run -> run.best().sourceBytes()),
        median(
            runs,
            run ->
                Statistics.ratio(
                    (double) run.redirected().sourceBytes(), run.best().sourceBytes())),
        median(runs, run -> run.redirected().contributorBytes()),
        median(runs, run -> run.redirected().duplicateBytes()),
        median(
            runs,
            run ->
                Statistics.ratio((double) run.redirected().duplicateBytes(), run.arrivedBytes())),
        median(runs, run -> run.redirected().downtimeSeconds()),
        median(runs, run -> run.restarted().downtimeSeconds()));
  }

  private static double median(List<Run> runs, ToDoubleFunction<Run> value) {
    return spread(runs, value).median();
  }

  private static Spread spread(List<Run> runs, ToDoubleFunction<Run> value) {
    return Spread.of(runs.stream().map(value::applyAsDouble).toList());
  }

  /** The cell's name. */
  String name() {
    return Text.format("%s, %s, f=%.1f", links, writer, fraction);
  }
}
