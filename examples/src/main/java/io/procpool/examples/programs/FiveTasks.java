// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * F10: five tasks of random length on three workers. Each prints its process and its time itself; the worker's standard
 * output is the master's, so the lines appear between the master's own.
 *
 * <p>Safe for use by multiple threads.
 */
public final class FiveTasks {
  private static final int WORKERS = 3;
  private static final int TASKS = 5;

  private FiveTasks() {}

  /** Runs the program and returns how long each task took, in milliseconds. */
  static List<Long> run(ProgramSettings settings) throws InterruptedException {
    Random random = new Random();
    List<Long> lengths = new ArrayList<>();
    for (int i = 0; i < TASKS; i++) {
      lengths.add(settings.millis(random.nextDouble() * 3));
    }
    settings.out().println("start");
    settings.out().flush();
    try (Pool pool = settings.pool(WORKERS)) {
      List<Long> took = pool.map(FiveTasks::work, lengths, 1);
      settings.out().println("all done");
      return took;
    }
  }

  private static long work(long millis) throws InterruptedException {
    long start = System.nanoTime();
    Thread.sleep(millis);
    long took = (System.nanoTime() - start) / 1_000_000;
    System.out.println(
        "task in process " + ProcessHandle.current().pid() + " took " + took + " ms");
    return took;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
