// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.Manager;
import java.util.Map;
import java.util.Objects;

/** Operations on objects in a manager's server, one after the other. */
final class Managers {
  private Managers() {}

  /** Gets from a map and appends to a list: {@code get}, {@code append}, medians in microseconds. */
  static Map<String, Double> roundTrips(Effort effort) throws Exception {
    try (Manager manager = Manager.start()) {
      ManagedMap<String, Integer> map = manager.dict();
      ManagedList<Integer> list = manager.list();
      map.put("key", 1);
      double get = median(effort, () -> Checks.equal(Objects.requireNonNull(map.get("key")), 1));
      double append = median(effort, () -> list.add(1));
      return Map.of("get", get, "append", append);
    }
  }

  private static double median(Effort effort, Throughput.Step step) throws Exception {
    long warm = System.nanoTime() + effort.warmUpNanos();
    do {
      step.run();
    } while (System.nanoTime() < warm);
    int count = effort.choose(10_000, 10);
    Samples samples = new Samples(count);
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      step.run();
      samples.add((System.nanoTime() - start) / 1e3);
    }
    return samples.median();
  }
}
