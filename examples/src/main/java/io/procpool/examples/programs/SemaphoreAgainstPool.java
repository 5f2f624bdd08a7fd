// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RecyclePolicy;
import io.procpool.sync.ProcessSemaphore;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Y03: two ways to keep a hundred tasks from running all at once, both timed. A process for each task, of which a semaphore lets
 * four work at a time; and a pool of four, whose processes are started once.
 *
 * <p>Safe for use by multiple threads.
 */
public final class SemaphoreAgainstPool {
  private static final int AT_ONCE = 4;
  private static final int STARTED =
      6; // more than may work, so that the semaphore has something to do
  private static final int TASKS = 100;

  private SemaphoreAgainstPool() {}

  /**
   * One way to do it.
   *
   * @param took how long it took
   * @param pids how many processes there were
   * @param tasks how many tasks were done
   * @param mostAtOnce how many were at work at the same time, at most
   */
  record Outcome(Duration took, long pids, int tasks, int mostAtOnce) {}

  /** What was seen. */
  record Seen(Outcome semaphore, Outcome pool) {}

  /** Runs the program, which is about processes and ignores the backend in the settings. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    return run(settings, TASKS);
  }

  /** As above, with so many tasks. */
  static Seen run(ProgramSettings settings, int tasks) throws InterruptedException {
    List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
    long millis = settings.millis(0.02);
    Outcome throttled;
    PoolOptions oneTaskEach = PoolOptions.builder()
        .workers(STARTED)
        .recycling(RecyclePolicy.never().maxTasks(1))
        .build();
    try (ProcessSemaphore semaphore = ProcessSemaphore.bounded(AT_ONCE)) {
      throttled = timed(
          oneTaskEach, pool -> pool.map(task -> throttled(semaphore, task, millis), numbers, 1));
    }
    Outcome pooled = timed(
        PoolOptions.builder().workers(AT_ONCE).build(),
        pool -> pool.map(task -> Span.sleep(task, millis), numbers, 1));

    print(settings, "processes and a semaphore", throttled);
    print(settings, "pool", pooled);
    return new Seen(throttled, pooled);
  }

  private static Span throttled(ProcessSemaphore semaphore, int task, long millis)
      throws InterruptedException {
    semaphore.acquire();
    try {
      return Span.sleep(task, millis);
    } finally {
      semaphore.release();
    }
  }

  private interface Run {
    List<Span> on(Pool pool) throws InterruptedException;
  }

  private static Outcome timed(PoolOptions options, Run run) throws InterruptedException {
    long start = System.nanoTime();
    List<Span> spans;
    try (Pool pool = Pool.open(options)) {
      spans = run.on(pool);
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    long pids = spans.stream().map(Span::pid).distinct().count();
    return new Outcome(took, pids, spans.size(), Span.mostAtOnce(spans));
  }

  private static void print(ProgramSettings settings, String way, Outcome outcome) {
    settings
        .out()
        .println(way + ": " + outcome.took().toMillis() + " ms, " + outcome.tasks() + " tasks in "
            + outcome.pids() + " processes, " + outcome.mostAtOnce() + " at once");
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
