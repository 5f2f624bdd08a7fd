// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/** The daemon threads that children and spares share; those of a pool are its own. Safe for use by multiple threads. */
public final class LaunchThreads {
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(LaunchThreads::daemon);
  private static final ScheduledThreadPoolExecutor TIMER = timer();

  private LaunchThreads() {}

  private static Thread daemon(Runnable runnable) {
    Thread thread = new Thread(null, runnable, "procpool-launcher", 256 * 1024);
    thread.setDaemon(true);
    return thread;
  }

  private static ScheduledThreadPoolExecutor timer() {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, LaunchThreads::daemon);
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  /**
   * Runs something that may block.
   *
   * @throws OutOfMemoryError if there can be no further thread
   */
  public static void execute(Runnable step) {
    THREADS.execute(step);
  }

  /** Returns what runs something short later. */
  static ScheduledThreadPoolExecutor later() {
    return TIMER;
  }
}
