// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Tasks that compute for about 10 ms each, on all CPUs: in worker processes and, in turn with that, in threads. */
final class SpeedUp {
  private static final double TASK_NANOS = 10e6;
  private static final int CALIBRATION_CALLS = 2000;

  private SpeedUp() {}

  /** {@code relative}: the time the thread pool takes divided by the time the process pool takes. */
  static Map<String, Double> run(Effort effort) throws Exception {
    int cores = Runtime.getRuntime().availableProcessors();
    int tasks = effort.choose(100, 1) * cores;
    int repetitions = effort.choose(7, 1);
    ExecutorService threads = Executors.newFixedThreadPool(cores);
    try (Pool pool = Pool.ofWorkers(cores)) {
      int calls = effort.choose(calibrate(), 1);
      Samples relative = new Samples(repetitions);
      for (int i = -2; i < repetitions; i++) {
        double inThreads = inThreads(threads, tasks, calls);
        double inProcesses = inProcesses(pool, tasks, calls);
        if (i >= 0) {
          relative.add(inThreads / inProcesses);
        }
      }
      return Map.of("relative", relative.median());
    } finally {
      threads.shutdown();
    }
  }

  /** Returns how many calls take about as long as a task should. */
  private static int calibrate() {
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 20; i++) {
      long start = System.nanoTime();
      Tasks.compute(CALIBRATION_CALLS);
      best = Math.min(best, System.nanoTime() - start);
    }
    return (int) (CALIBRATION_CALLS * TASK_NANOS / best);
  }

  private static double inThreads(ExecutorService threads, int tasks, int calls) throws Exception {
    long start = System.nanoTime();
    List<Future<Long>> results = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      results.add(threads.submit(() -> Tasks.compute(calls)));
    }
    await(results);
    return System.nanoTime() - start;
  }

  private static double inProcesses(Pool pool, int tasks, int calls) throws Exception {
    long start = System.nanoTime();
    List<Future<Long>> results = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      results.add(pool.applyAsync(Tasks::compute, calls));
    }
    await(results);
    return System.nanoTime() - start;
  }

  private static void await(List<Future<Long>> results) throws Exception {
    for (Future<Long> result : results) {
      Checks.equal(result.get(), results.get(0).get());
    }
  }
}
