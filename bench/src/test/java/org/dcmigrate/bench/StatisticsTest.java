package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void theMedianIsTheMiddleOne() {
    assertThat(Statistics.median(List.of(9.0, 1.0, 5.0))).isEqualTo(5);
    assertThat(Statistics.median(List.of(9.0, 1.0, 5.0, 4.0))).isEqualTo(4.5);
    assertThat(Statistics.median(List.of())).isZero();
  }

  @Test
  void aSpreadReachesFromTheLowestToTheHighest() {
    Spread spread = Spread.of(List.of(3.0, 1.0, 2.5));
    assertThat(spread).isEqualTo(new Spread(2.5, 1, 3));
    assertThat(spread.range(Text::number)).isEqualTo("1.00 to 3.00");
  }

  @Test
  void equalSharesAreFair() {
    assertThat(Statistics.fairness(List.of(3.0, 3.0, 3.0, 3.0))).isCloseTo(1, within(1e-12));
    assertThat(Statistics.fairness(List.of(8.0, 0.0, 0.0, 0.0))).isCloseTo(0.25, within(1e-12));
    assertThat(Statistics.fairness(List.of(1.0, 3.0))).isCloseTo(16.0 / 20, within(1e-12));
    assertThat(Statistics.fairness(Collections.nCopies(3, 0.0))).isZero();
  }

  @Test
  void aRatioToNothingIsNone() {
    assertThat(Statistics.ratio(3, 2)).isEqualTo(1.5);
    assertThat(Statistics.ratio(3, 0)).isZero();
  }
}
