package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void columnsAreAsWideAsTheirWidestCell() {
    String text =
        new Table(1, "NAME", "RATE", "")
            .row("a", "12.50", "x")
            .row("longer", "1.00", "")
            .toString();
    assertThat(text)
        .isEqualTo(
            """
            NAME     RATE
            a       12.50  x
            longer   1.00
            """);
  }

  @Test
  void aRowOfAnotherLengthIsRefused() {
    Table table = new Table(1, "NAME", "RATE");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> table.row("a"))
        .withMessage("a row must have 2 cells, but had 1");
  }
}
