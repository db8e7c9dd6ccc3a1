package org.dcmigrate.bench;

import java.util.List;
import java.util.function.DoubleFunction;

/** Several measurements of one thing: the middle one, and how far apart they lie. */
record Spread(double median, double lowest, double highest) {
  static Spread of(List<Double> values) {
    return new Spread(Statistics.median(values), Statistics.min(values), Statistics.max(values));
  }

  /** The median for people. */
  String text(DoubleFunction<String> format) {
    return format.apply(median);
  }

  /** From the lowest to the highest, for people. */
  String range(DoubleFunction<String> format) {
    return format.apply(lowest) + " to " + format.apply(highest);
  }
}
