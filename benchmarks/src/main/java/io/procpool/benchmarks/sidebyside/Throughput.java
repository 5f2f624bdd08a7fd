// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.ResultIterator;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Many tasks in flight together; each {@code rate} in tasks or items per second. */
final class Throughput {
  static final int REPETITIONS = 5;

  private Throughput() {}

  /** Something that does a known number of things. */
  interface Step {
    void run() throws Exception;
  }

  /** Returns how many things are done in a second: the median of some repetitions. */
  static double rate(Effort effort, int things, Step step) throws Exception {
    long warm = System.nanoTime() + effort.warmUpNanos();
    do {
      step.run();
    } while (System.nanoTime() < warm);
    int repetitions = effort.choose(REPETITIONS, 1);
    Samples rates = new Samples(repetitions);
    for (int i = 0; i < repetitions; i++) {
      long start = System.nanoTime();
      step.run();
      rates.add(things * 1e9 / (System.nanoTime() - start));
    }
    return rates.median();
  }

  static Map<String, Double> submit(Effort effort) throws Exception {
    int count = effort.choose(200_000, 100);
    try (Pool pool = Pool.ofWorkers(2)) {
      return Map.of("rate", rate(effort, count, () -> {
        List<AsyncResult<Integer>> results = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
          results.add(pool.applyAsync(Tasks::same, i));
        }
        for (int i = 0; i < count; i++) {
          Checks.equal(results.get(i).get(), i);
        }
      }));
    }
  }

  static Map<String, Double> map(Effort effort) throws Exception {
    int count = effort.choose(2_000_000, 1000);
    try (Pool pool = Pool.ofWorkers(2)) {
      return Map.of("rate", rate(effort, count, () -> {
        List<Integer> values = pool.map(Tasks::same, new Range(count));
        Checks.equal(values.size(), count);
        Checks.equal(values.get(count - 1), count - 1);
      }));
    }
  }

  static Map<String, Double> mapOneByOne(Effort effort) throws Exception {
    int count = effort.choose(100_000, 100);
    try (Pool pool = Pool.ofWorkers(2)) {
      return Map.of("rate", rate(effort, count, () -> {
        List<Integer> values = pool.map(Tasks::same, new Range(count), 1);
        Checks.equal(values.get(count - 1), count - 1);
      }));
    }
  }

  static Map<String, Double> imapOneByOne(Effort effort) throws Exception {
    int count = effort.choose(100_000, 100);
    try (Pool pool = Pool.ofWorkers(2)) {
      return Map.of("rate", rate(effort, count, () -> {
        long sum = 0;
        try (ResultIterator<Integer> values =
            pool.imapUnordered(Tasks::same, new Range(count), 1)) {
          while (values.hasNext()) {
            sum += values.next();
          }
        }
        Checks.equal(sum, (long) count * (count - 1) / 2);
      }));
    }
  }

  /** The numbers from zero on, made as they are asked for. */
  private record Range(int end) implements Iterable<Integer> {
    @Override
    public Iterator<Integer> iterator() {
      return new Iterator<>() {
        private int next;

        @Override
        public boolean hasNext() {
          return next < end;
        }

        @Override
        public Integer next() {
          return next++;
        }
      };
    }
  }
}
