// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.PoolOptions;
import io.procpool.TaskContext;
import io.procpool.TaskProgress;
import io.procpool.ipc.RunningTask;
import io.procpool.master.pool.Work;
import io.procpool.spi.TaskContexts;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The context of a task that runs in a thread of this process. */
final class LocalTask extends RunningTask implements TaskContexts.Source {
  private volatile boolean toEnd;
  private volatile @Nullable TaskProgress progress;

  LocalTask(PoolOptions pool, Work work, int item, String worker) {
    super(work.taskId(item), work.name(), 1, worker, pool.name(), Long.MAX_VALUE);
  }

  @Override
  public TaskContext context() {
    return this;
  }

  @Override
  protected void report(double fraction, byte[] message, int length) {
    progress = new TaskProgress(fraction, new String(message, 0, length, StandardCharsets.UTF_8));
  }

  @Override
  protected boolean isToEnd() {
    return toEnd;
  }

  /** The pool wants the task to end. */
  void interrupted() {
    toEnd = true;
  }

  @Nullable
  TaskProgress lastProgress() {
    return progress;
  }
}
