// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import java.io.PrintStream;
import java.time.Duration;

/**
 * How a program is to be run. Immutable; safe for use by multiple threads.
 *
 * @param backend the backend of its pools, where the program does not compare several
 * @param second how long what stands for a second takes
 * @param out where the master prints
 */
public record ProgramSettings(String backend, Duration second, PrintStream out) {
  /** Returns worker processes, seconds that are seconds, and standard output. */
  public static ProgramSettings defaults() {
    return new ProgramSettings(PoolOptions.PROCESSES, Duration.ofSeconds(1), System.out);
  }

  /** Returns these settings with another backend. */
  public ProgramSettings withBackend(String backend) {
    return new ProgramSettings(backend, second, out);
  }

  /** Returns these settings with another length of a second. */
  public ProgramSettings withSecond(Duration second) {
    return new ProgramSettings(backend, second, out);
  }

  /** Returns these settings with another stream to print to. */
  public ProgramSettings withOut(PrintStream out) {
    return new ProgramSettings(backend, second, out);
  }

  /**
   * Returns these settings.
   *
   * @throws IllegalArgumentException if the backend is {@code inline}, where nothing goes on while a task runs
   */
  ProgramSettings notInline() {
    if (backend.equals(PoolOptions.INLINE)) {
      throw new IllegalArgumentException("--backend: \"inline\" (expected: processes or threads;"
          + " this program needs tasks that run while it goes on)");
    }
    return this;
  }

  /** Opens a pool of the given number of workers on the backend. */
  Pool pool(int workers) {
    return Pool.open(options().workers(workers).build());
  }

  /**
   * Opens a pool of the given number of workers and waits until all are there. Then as many tasks, submitted as one map, have
   * a worker each, and the start of the workers takes no part in what is timed.
   */
  Pool startedPool(int workers) throws InterruptedException {
    Pool pool = notInline().pool(workers);
    try {
      while (pool.statistics().workersReady() < workers) {
        Thread.sleep(1);
      }
      return pool;
    } catch (InterruptedException e) {
      pool.terminate();
      throw e;
    }
  }

  /** Returns options that have the backend and nothing else. */
  PoolOptions.Builder options() {
    return PoolOptions.builder().backend(backend);
  }

  /** Returns how many milliseconds so many seconds take. */
  long millis(double seconds) {
    return Math.round(seconds * second.toMillis());
  }
}
