package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class GridResultsTest {
  private static final Optimum BEST = new Optimum(10, 500);
  private static final Optimum RESTART = new Optimum(20, 1000);

  @Test
  void aCellIsTheMedianOfItsRunsByTheirOwnOptimum() {
    GridCell cell =
        GridCell.of(
            LinkShape.SLOW_OLD,
            WriterKind.IDLE,
            0.5,
            List.of(run(11, 22), run(15, 15), run(12, 30)));
    assertThat(cell.toOptimum()).isEqualTo(new Spread(1.2, 1.1, 1.5));
    assertThat(cell.speedUp()).isEqualTo(new Spread(2, 1, 2.5));
    assertThat(cell.optimumSpeedUp()).isEqualTo(2);
    assertThat(cell.sourceBytesToOptimum()).isCloseTo(1.2, within(1e-9));
    // 9 of the 600 and 300 bytes that arrived.
    assertThat(cell.duplicateShare()).isCloseTo(0.01, within(1e-9));
    assertThat(cell.name()).isEqualTo("slow-old, idle, f=0.5");
  }

  @Test
  void theSummaryNamesWhatIsSlowerThanARestart() {
    GridResults results =
        GridResults.of(
            List.of(
                new GridResults.Goodput(1000, 900, 0.9), new GridResults.Goodput(500, 475, 0.95)),
            List.of(
                cell(WriterKind.IDLE, 11, 10.9),
                cell(WriterKind.IDLE, 13, 12),
                cell(WriterKind.UNIFORM, 9, 20)),
            List.of(new GridResults.Failure("cell", "hangs")));
    assertThat(results.summary().slowerThanRestart()).containsExactly("slow-old, idle, f=0.5");
    assertThat(results.summary().medianToOptimum()).isCloseTo(1.1, within(1e-9));
    assertThat(results.summary().medianToOptimumIdle()).isCloseTo(1.2, within(1e-9));
    assertThat(results.summary().worstToOptimum()).isCloseTo(1.3, within(1e-9));
    assertThat(GridResults.share(results.goodputs())).isEqualTo(0.95);
    assertThat(results.text()).contains("FAILED cell: hangs");
  }

  private static GridCell cell(WriterKind writer, double redirected, double restarted) {
    return GridCell.of(LinkShape.SLOW_OLD, writer, 0.5, List.of(run(redirected, restarted)));
  }

  private static GridCell.Run run(double redirected, double restarted) {
    return new GridCell.Run(
        new GridRig.Redirected(0.5, redirected, 0.1, 600, 300, 9),
        new GridRig.Restarted(restarted, 0.01, 0.1),
        BEST,
        RESTART);
  }
}
