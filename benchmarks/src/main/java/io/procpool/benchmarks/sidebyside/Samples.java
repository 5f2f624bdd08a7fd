// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import java.util.Arrays;

/** Figures of the same thing measured several times. Not safe for use by multiple threads. */
final class Samples {
  private final double[] values;
  private int count;

  Samples(int capacity) {
    values = new double[capacity];
  }

  void add(double value) {
    values[count++] = value;
  }

  double median() {
    return quantile(0.5);
  }

  double max() {
    return quantile(1);
  }

  double quantile(double share) {
    double[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    return sorted[Math.min(count - 1, (int) (count * share))];
  }
}
