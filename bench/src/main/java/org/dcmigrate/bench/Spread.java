package org.dcmigrate.bench;

import java.util.List;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;

/** Several measurements of one thing: the middle one, and how far apart they lie. */
record Spread(double median, double lowest, double highest) {
  static Spread of(List<Double> values) {
    return new Spread(Statistics.median(values), Statistics.min(values), Statistics.max(values));
  }

  /**
   * The ratios of measurements to those of a reference in the same round, so that what changed from
   * round to round is in neither; 0 where there is no reference.
   */
  static Spread ofRatios(List<Double> values, List<Double> references) {
    return of(
        IntStream.range(0, Math.min(values.size(), references.size()))
            .mapToObj(i -> Statistics.ratio(values.get(i), references.get(i)))
            .toList());
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
