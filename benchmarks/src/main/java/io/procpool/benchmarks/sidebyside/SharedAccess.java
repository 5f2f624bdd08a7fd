// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.shared.SharedDouble;
import io.procpool.shared.SharedDoubleArray;
import java.util.Map;

/** Access to shared memory from one thread. */
final class SharedAccess {
  private static final double GIGA = 1e9;

  private SharedAccess() {}

  /** Nanoseconds of a read and a write: {@code ordered} by acquire and release, {@code volatile}, {@code plain}. */
  static Map<String, Double> value(Effort effort) throws Exception {
    int count = effort.choose(20_000_000, 1000);
    try (SharedDouble value = SharedDouble.create(0)) {
      double ordered = Throughput.rate(effort, count, () -> {
        for (int i = 0; i < count; i++) {
          value.setRelease(value.getAcquire() + 1);
        }
      });
      double plain = Throughput.rate(effort, count, () -> {
        for (int i = 0; i < count; i++) {
          value.setPlain(value.getPlain() + 1);
        }
      });
      double asVolatile = Throughput.rate(effort, count, () -> {
        for (int i = 0; i < count; i++) {
          value.set(value.get() + 1);
        }
      });
      Checks.equal(value.get() % count, 0.0);
      return Map.of(
          "ordered", GIGA / ordered, "volatile", GIGA / asVolatile, "plain", GIGA / plain);
    }
  }

  /** {@code set}: nanoseconds to change an element; {@code bulk}: GB that are copied in in a second. */
  static Map<String, Double> array(Effort effort) throws Exception {
    int count = effort.choose(1_000_000, 1000);
    int rounds = effort.choose(10, 1);
    double[] source = new double[count];
    try (SharedDoubleArray array = SharedDoubleArray.create(count)) {
      double set = Throughput.rate(effort, rounds * count, () -> {
        for (int round = 0; round < rounds; round++) {
          for (int i = 0; i < count; i++) {
            array.setPlain(i, i);
          }
        }
      });
      Checks.equal(array.get(count - 1), count - 1.0);
      double bulk = Throughput.rate(effort, rounds, () -> {
        for (int round = 0; round < rounds; round++) {
          array.copyFrom(0, source, 0, count);
        }
      });
      Checks.equal(array.get(count - 1), 0.0);
      return Map.of("set", GIGA / set, "bulk", bulk * count * Double.BYTES / GIGA);
    }
  }
}
