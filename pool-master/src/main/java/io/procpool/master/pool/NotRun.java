// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolOptions;
import io.procpool.PoolTerminatedException;
import java.util.concurrent.CancellationException;

/** What a task fails with that was accepted and never begun. */
public final class NotRun {
  private NotRun() {}

  /** The task was cancelled first. */
  public static CancellationException cancelled(PoolOptions pool, Work work, int item) {
    return new CancellationException(describe(work, item)
        + " never started: it was cancelled; pool \"" + pool.name() + "\" is not affected");
  }

  /** The pool was ended first. */
  public static PoolTerminatedException poolEnded(PoolOptions pool, Work work, int item) {
    return new PoolTerminatedException(
        describe(work, item) + " never started: pool \"" + pool.name() + "\" was ended",
        work.taskId(item),
        Certainty.NEVER_STARTED);
  }

  private static String describe(Work work, int item) {
    return "task " + work.taskId(item) + " (" + work.name() + ")";
  }
}
