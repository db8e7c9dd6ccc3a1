package org.dcmigrate.conformance.suite;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * In which order cases run. Each case is on its own, whatever ran before: a run in another order
 * shows where that does not hold, of the suite or of the target, and a seed makes it happen again.
 * Nothing else of a case is left to chance but the names of migrations and guests, which a target
 * must not have met before.
 */
public final class Order {
  private final int seed;
  private final Random random;

  private Order(int seed) {
    this.seed = seed;
    random = new Random(seed);
  }

  /** The order that a seed gives; each round of a run has another one. */
  public static Order of(int seed) {
    return new Order(seed);
  }

  /** What gives this order again, from the first round on. */
  public int seed() {
    return seed;
  }

  /** The cases of the next round. */
  public List<Case> next(List<Case> cases) {
    List<Case> shuffled = new ArrayList<>(cases);
    Collections.shuffle(shuffled, random);
    return List.copyOf(shuffled);
  }
}
