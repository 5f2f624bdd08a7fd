// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.Pool;
import java.util.Map;

/** One task at a time, waiting for each: the time of a round trip, and what a large value costs. */
final class RoundTrips {
  private static final int MIB = 1 << 20;

  private RoundTrips() {}

  /** {@code p50} and {@code p99} in microseconds. */
  static Map<String, Double> apply(Effort effort) throws InterruptedException {
    int count = effort.choose(40_000, 20);
    try (Pool pool = Pool.ofWorkers(2)) {
      long warm = System.nanoTime() + effort.warmUpNanos();
      do {
        pool.apply(Tasks::same, 1);
      } while (System.nanoTime() < warm);
      Samples samples = new Samples(count);
      for (int i = 0; i < count; i++) {
        long start = System.nanoTime();
        Integer value = pool.apply(Tasks::same, i);
        samples.add((System.nanoTime() - start) / 1e3);
        Checks.equal(value, i);
      }
      return Map.of("p50", samples.median(), "p99", samples.quantile(0.99));
    }
  }

  /** {@code rate} in MiB/s, both ways together. */
  static Map<String, Double> payload(Effort effort) throws Exception {
    int count = effort.choose(300, 2);
    byte[] block = new byte[MIB];
    try (Pool pool = Pool.ofWorkers(2)) {
      return Map.of("rate", Throughput.rate(effort, 2 * count, () -> {
        for (int i = 0; i < count; i++) {
          Checks.equal(pool.apply(Tasks::sameBytes, block).length, MIB);
        }
      }));
    }
  }
}
