// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolOptions;
import io.procpool.PoolTerminatedException;
import io.procpool.QueueTimeoutException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CancellationException;

/** What a task fails with that was accepted and never begun. */
public final class NotRun {
  private NotRun() {}

  /** The task was cancelled first. */
  public static CancellationException cancelled(PoolOptions pool, Work work, int item) {
    return cancelled(pool, work, item, 0);
  }

  /** The task was cancelled before it was begun, or begun again after some attempts. */
  public static CancellationException cancelled(
      PoolOptions pool, Work work, int item, int attempts) {
    return new CancellationException(describe(work, item)
        + (attempts == 0
            ? " never started: it was cancelled"
            : " was cancelled before attempt " + (attempts + 1))
        + "; pool \"" + pool.name() + "\" is not affected");
  }

  /** The pool was ended first. */
  public static PoolTerminatedException poolEnded(PoolOptions pool, Work work, int item) {
    return new PoolTerminatedException(
        describe(work, item) + " never started: pool \"" + pool.name() + "\" was ended",
        work.taskId(item),
        Certainty.NEVER_STARTED);
  }

  /**
   * The task waited too long.
   *
   * @param busy how many workers have tasks
   * @param pending how many tasks wait
   */
  public static QueueTimeoutException queueTimeout(
      PoolOptions pool, Work work, int item, int busy, long pending, boolean usable) {
    Duration timeout = Duration.ofNanos(work.limits().queueNanos());
    Duration waited = Duration.ofNanos(System.nanoTime() - work.acceptedNanos());
    return new QueueTimeoutException(
        String.format(
            Locale.ROOT,
            "%s never started: it waited %.3f s, longer than its queue timeout of %.3f s; pool \"%s\": %d of %d workers busy, %d"
                + " tasks waiting\n  the pool is %s; add workers, submit less at a time, or raise queueTimeout",
            describe(work, item),
            waited.toNanos() / 1e9,
            timeout.toNanos() / 1e9,
            pool.name(),
            busy,
            pool.workers(),
            pending,
            usable ? "usable" : "closed"),
        work.taskId(item),
        usable,
        timeout,
        waited);
  }

  private static String describe(Work work, int item) {
    return "task " + work.taskId(item) + " (" + work.name() + ")";
  }
}
