package org.dcmigrate.bench;

import java.util.Arrays;
import java.util.List;

/** What a few measurements say together. */
final class Statistics {
  private Statistics() {}

  /** The middle value, or the mean of the two in the middle; 0 of none. */
  static double median(List<Double> values) {
    if (values.isEmpty()) {
      return 0;
    }
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The largest value; 0 of none. */
  static double max(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
  }

  /** The smallest value; 0 of none. */
  static double min(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).min().orElse(0);
  }

  /** How often one is contained in the other; 0 where that cannot be said. */
  static double ratio(double value, double reference) {
    return reference == 0 ? 0 : value / reference;
  }

  /** Jain's index of fairness: 1 when all get the same, 1/n when one gets everything; 0 of none. */
  static double fairness(List<Double> shares) {
    double[] all = shares.stream().mapToDouble(Double::doubleValue).toArray();
    double sum = Arrays.stream(all).sum();
    double squares = Arrays.stream(all).map(share -> share * share).sum();
    return squares == 0 ? 0 : sum * sum / (all.length * squares);
  }
}
