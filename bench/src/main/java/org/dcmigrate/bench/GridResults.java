package org.dcmigrate.bench;

import java.util.Comparator;
import java.util.List;

/** What the grid found; the names are those of the JSON document. */
record GridResults(
    List<Goodput> goodputs, List<GridCell> cells, List<Failure> failures, Summary summary) {
  private static final double TOLERATED = 1.03;

  /** What a plain transfer reaches on a link. */
  record Goodput(double wireBytesPerSecond, double payloadBytesPerSecond, double share) {}

  /** A run that did not come to its end. */
  record Failure(String cell, String sentence) {}

  /**
   * All cells in one.
   *
   * @param medianToOptimumIdle of the cells whose guest does not write: for them T* is a bound
   */
  record Summary(
      double medianToOptimum,
      double medianToOptimumIdle,
      double worstToOptimum,
      String worstCell,
      double medianSpeedUp,
      double medianSourceBytesToOptimum,
      double largestDuplicateShare,
      List<String> slowerThanRestart) {}

  /**
   * The part of a link that pages can have: the best that was reached on any of them. What the
   * peers lose on some links beyond that is theirs, and counts against them.
   */
  static double share(List<Goodput> goodputs) {
    return Statistics.max(goodputs.stream().map(Goodput::share).toList());
  }

  static GridResults of(List<Goodput> goodputs, List<GridCell> cells, List<Failure> failures) {
    return new GridResults(
        List.copyOf(goodputs),
        List.copyOf(cells),
        List.copyOf(failures),
        new Summary(
            Statistics.median(cells.stream().map(cell -> cell.toOptimum().median()).toList()),
            Statistics.median(
                cells.stream()
                    .filter(cell -> cell.writer().equals(WriterKind.IDLE.label()))
                    .map(cell -> cell.toOptimum().median())
                    .toList()),
            Statistics.max(cells.stream().map(cell -> cell.toOptimum().median()).toList()),
            cells.stream()
                .max(Comparator.comparingDouble(cell -> cell.toOptimum().median()))
                .map(GridCell::name)
                .orElse(""),
            Statistics.median(cells.stream().map(cell -> cell.speedUp().median()).toList()),
            Statistics.median(cells.stream().map(GridCell::sourceBytesToOptimum).toList()),
            Statistics.max(cells.stream().map(GridCell::duplicateShare).toList()),
            cells.stream()
                .filter(cell -> cell.speedUp().median() < 1 / TOLERATED)
                .map(GridCell::name)
                .toList()));
  }

  /** For people. */
  String text() {
    StringBuilder text = new StringBuilder();
    Table links = new Table(0, "LINK", "PAYLOAD", "SHARE");
    for (Goodput goodput : goodputs) {
      links.row(
          Text.megabits(goodput.wireBytesPerSecond()),
          Text.megabytesPerSecond(goodput.payloadBytesPerSecond()),
          Text.ratio(goodput.share()));
    }
    text.append(links).append('\n');
    Table table =
        new Table(
            2,
            "LINKS",
            "WRITER",
            "F",
            "REDIRECT",
            "T*",
            "/T*",
            "RANGE",
            "RESTART",
            "SPEED-UP",
            "IDEAL",
            "SOURCE",
            "/NEEDED",
            "OLD",
            "DUPLICATE",
            "DOWNTIME");
    for (GridCell cell : cells) {
      table.row(
          cell.links(),
          cell.writer(),
          Text.format("%.2f", cell.redirectedAtFraction()),
          Text.seconds(cell.afterRedirectSeconds()),
          Text.seconds(cell.optimumSeconds()),
          cell.toOptimum().text(Text::ratio),
          cell.toOptimum().range(Text::number),
          Text.seconds(cell.restartSeconds()),
          cell.speedUp().text(Text::times),
          Text.times(cell.optimumSpeedUp()),
          Text.mib(cell.sourceBytes()),
          Text.ratio(cell.sourceBytesToOptimum()),
          Text.mib(cell.contributorBytes()),
          Text.percent(cell.duplicateShare()),
          Text.millis(cell.downtimeSeconds()));
    }
    text.append(table).append('\n');
    text.append(
        new Table(1, "OF ALL CELLS", "")
            .row("time by T*, median", Text.ratio(summary.medianToOptimum()))
            .row("the same of idle guests", Text.ratio(summary.medianToOptimumIdle()))
            .row("time by T*, worst", Text.ratio(summary.worstToOptimum()))
            .row("speed-up, median", Text.times(summary.medianSpeedUp()))
            .row("source bytes by needed, median", Text.ratio(summary.medianSourceBytesToOptimum()))
            .row("duplicates, worst", Text.percent(summary.largestDuplicateShare()))
            .row(
                "slower than 1.03 x cancel and restart",
                summary.slowerThanRestart().size() + " of " + cells.size()));
    text.append("worst by T*: ").append(summary.worstCell()).append('\n');
    for (String cell : summary.slowerThanRestart()) {
      text.append("slower than 1.03 x cancel and restart: ").append(cell).append('\n');
    }
    for (Failure failure : failures) {
      text.append("FAILED ").append(failure.cell()).append(": ").append(failure.sentence());
      text.append('\n');
    }
    return text.toString();
  }
}
