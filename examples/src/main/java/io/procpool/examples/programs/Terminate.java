// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/**
 * F08: a pool is terminated while its tasks run, and would run for an hour. That takes a moment; the worker processes are
 * gone, and each unfinished result fails. Threads cannot be killed: on the backend {@code threads} the tasks are
 * interrupted, which ends these.
 *
 * <p>Safe for use by multiple threads.
 */
public final class Terminate {
  private static final int WORKERS = 4;
  private static final int TASKS = 8;

  private Terminate() {}

  /**
   * What was seen.
   *
   * @param took how long {@code terminate} took
   * @param workerPids the processes that ran tasks
   * @param failures what each result failed with
   */
  record Seen(Duration took, Set<Long> workerPids, List<Throwable> failures) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    Set<Long> pids = ConcurrentHashMap.newKeySet();
    CountDownLatch running = new CountDownLatch(WORKERS);
    PoolListener listener = new PoolListener() {
      @Override
      public void taskStarted(TaskEvent task) {
        pids.add(task.worker().pid());
        running.countDown();
      }
    };
    List<AsyncResult<Span>> results = new ArrayList<>();
    try (Pool pool = Pool.open(
        settings.notInline().options().workers(WORKERS).listener(listener).build())) {
      for (int i = 0; i < TASKS; i++) {
        results.add(pool.applyAsync(Span::sleep, i, Duration.ofHours(1).toMillis()));
      }
      running.await();
      settings.out().println(WORKERS + " tasks run in processes " + pids + "; terminating");

      long start = System.nanoTime();
      pool.terminate();
      Duration took = Duration.ofNanos(System.nanoTime() - start);

      settings.out().println("terminated in " + took.toMillis() + " ms");
      List<Throwable> failures = new ArrayList<>();
      for (AsyncResult<Span> result : results) {
        failures.add(failure(result));
      }
      failures.forEach(settings.out()::println);
      return new Seen(took, pids, failures);
    }
  }

  private static Throwable failure(AsyncResult<Span> result) throws InterruptedException {
    try {
      return new AssertionError("not terminated: " + result.get());
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
