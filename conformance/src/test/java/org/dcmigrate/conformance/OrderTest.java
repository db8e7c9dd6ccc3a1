package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.Order;
import org.dcmigrate.conformance.suite.Suite;
import org.junit.jupiter.api.Test;

/** The order that a seed gives. */
class OrderTest {
  private static final List<Case> ALL = Suite.all();

  @Test
  void aSeedGivesTheSameRoundsAgain() {
    Order once = Order.of(42);
    Order again = Order.of(42);
    for (int round = 0; round < 3; round++) {
      assertThat(once.next(ALL)).isEqualTo(again.next(ALL));
    }
    assertThat(once.seed()).isEqualTo(42);
  }

  @Test
  void eachRoundHasAllCasesInAnOrderOfItsOwn() {
    Order order = Order.of(7);
    List<Case> first = order.next(ALL);
    List<Case> second = order.next(ALL);

    assertThat(first).containsExactlyInAnyOrderElementsOf(ALL).isNotEqualTo(ALL);
    assertThat(second).containsExactlyInAnyOrderElementsOf(ALL).isNotEqualTo(first);
    assertThat(Order.of(8).next(ALL)).isNotEqualTo(first);
  }
}
