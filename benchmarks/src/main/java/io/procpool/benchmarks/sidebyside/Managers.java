// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.sync.ProcessLock;
import java.util.Map;
import java.util.Objects;

/** Operations on objects in a manager's server, one after the other. */
final class Managers {
  private Managers() {}

  /**
   * Gets from a map, appends to a list, acquires and releases a lock, puts into a queue and takes: {@code get}, {@code append}, {@code lock}, {@code queue}, medians in
   * microseconds.
   */
  static Map<String, Double> roundTrips(Effort effort) throws Exception {
    try (Manager manager = Manager.start()) {
      ManagedMap<String, Integer> map = manager.dict();
      ManagedList<Integer> list = manager.list();
      map.put("key", 1);
      double get = median(effort, () -> Checks.equal(Objects.requireNonNull(map.get("key")), 1));
      double append = median(effort, () -> list.add(1));
      ProcessLock lock = manager.lock();
      double locked = median(effort, () -> {
        lock.lock();
        lock.unlock();
      });
      ManagedQueue<Integer> queue = manager.queue(10);
      double queued = median(effort, () -> {
        queue.put(1);
        Checks.equal(queue.take(), 1);
      });
      return Map.of("get", get, "append", append, "lock", locked, "queue", queued);
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
