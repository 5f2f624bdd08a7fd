// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RecyclePolicy;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * P09: the same work as fifty threads and as fifty processes, both timed. Each process runs one task and ends: a pool whose
 * workers are retired after one task, with as many of them at a time as there are CPUs. The difference is what a process
 * costs; a pool that keeps its workers pays it once.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ThreadsAgainstProcesses {
  private static final int TASKS = 50;
  private static final int PRIMES_BELOW = 20_000;

  private ThreadsAgainstProcesses() {}

  /**
   * What was seen.
   *
   * @param threads how long the threads took
   * @param processes how long the processes took
   * @param pids the processes that ran a task
   * @param ratio the processes' time divided by the threads'
   * @param sums the distinct results of all tasks
   */
  record Seen(Duration threads, Duration processes, Set<Long> pids, double ratio, Set<Long> sums) {}

  /** Runs the program, which is about both backends and ignores the one in the settings. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    return run(settings, TASKS);
  }

  /** As above, with so many tasks. */
  static Seen run(ProgramSettings settings, int tasks) throws InterruptedException {
    Set<Long> sums = Collections.synchronizedSet(new HashSet<>());
    long start = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      Thread thread = new Thread(() -> sums.add(work(PRIMES_BELOW)));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    long middle = System.nanoTime();

    Set<Long> pids = new HashSet<>();
    PoolOptions options =
        PoolOptions.builder().recycling(RecyclePolicy.never().maxTasks(1)).build();
    try (Pool pool = Pool.open(options)) {
      for (Reply reply :
          pool.map(ThreadsAgainstProcesses::reply, Collections.nCopies(tasks, PRIMES_BELOW))) {
        pids.add(reply.pid());
        sums.add(reply.sum());
      }
    }
    long end = System.nanoTime();

    double ratio = (double) (end - middle) / (middle - start);
    settings.out().println(tasks + " threads:   " + (middle - start) / 1_000_000 + " ms");
    settings
        .out()
        .println(tasks + " processes: " + (end - middle) / 1_000_000 + " ms, " + options.workers()
            + " at a time");
    settings.out().println(String.format(Locale.ROOT, "ratio:        %.1f", ratio));
    return new Seen(
        Duration.ofNanos(middle - start), Duration.ofNanos(end - middle), pids, ratio, sums);
  }

  private record Reply(long pid, long sum) implements Serializable {}

  private static Reply reply(int below) {
    return new Reply(ProcessHandle.current().pid(), work(below));
  }

  /** Returns the sum of the primes below a number, the slow way. */
  private static long work(int below) {
    long sum = 0;
    for (int n = 2; n < below; n++) {
      boolean prime = true;
      for (int divisor = 2; prime && divisor * divisor <= n; divisor++) {
        prime = n % divisor != 0;
      }
      sum += prime ? n : 0;
    }
    return sum;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
