// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * P10: prints the process that runs a task. Threads are in the master's process; worker processes are not.
 *
 * <p>Safe for use by multiple threads.
 */
public final class WhoRunsIt {
  private static final int WORKERS = 2;

  private WhoRunsIt() {}

  /**
   * What was seen.
   *
   * @param masterPid this process
   * @param threadPids the processes that ran tasks of the backend {@code threads}
   * @param processPids the processes that ran tasks of the backend {@code processes}
   */
  record Seen(long masterPid, Set<Long> threadPids, Set<Long> processPids) {}

  /** Runs the program, which is about both backends and ignores the one in the settings. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    Seen seen = new Seen(
        ProcessHandle.current().pid(),
        pids(settings.withBackend(PoolOptions.THREADS)),
        pids(settings.withBackend(PoolOptions.PROCESSES)));
    settings.out().println("master:    " + seen.masterPid());
    settings.out().println("threads:   " + seen.threadPids());
    settings.out().println("processes: " + seen.processPids());
    return seen;
  }

  private static Set<Long> pids(ProgramSettings settings) throws InterruptedException {
    try (Pool pool = settings.pool(WORKERS)) {
      return new TreeSet<>(pool.map(i -> ProcessHandle.current().pid(), List.of(1, 2, 3, 4), 1));
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
