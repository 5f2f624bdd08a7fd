// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One timer, for the earliest of some instants; its thread is started when it is first needed. Guarded by the engine's lock. */
final class QueueTimer {
  private final String name;
  private final Runnable action;
  private @Nullable ScheduledThreadPoolExecutor executor;
  private @Nullable ScheduledFuture<?> timer;
  private long at;

  QueueTimer(String name, Runnable action) {
    this.name = name;
    this.action = action;
  }

  /** Runs the action at an instant, unless it is to run earlier anyway. */
  void arm(long nanos) {
    ScheduledFuture<?> armed = timer;
    if (armed != null && !armed.isDone()) {
      if (at - nanos <= 0) {
        return;
      }
      armed.cancel(false);
    }
    at = nanos;
    timer =
        executor().schedule(action, Math.max(0, nanos - System.nanoTime()), TimeUnit.NANOSECONDS);
  }

  /** Forgets the timer, which is just running its action. */
  void fired() {
    timer = null;
  }

  private ScheduledThreadPoolExecutor executor() {
    ScheduledThreadPoolExecutor made = executor;
    if (made == null) {
      made = new ScheduledThreadPoolExecutor(1, runnable -> {
        Thread thread = new Thread(runnable, name);
        thread.setDaemon(true);
        return thread;
      });
      made.setRemoveOnCancelPolicy(true);
      made.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
      executor = made;
    }
    return made;
  }

  /** Ends it. */
  void close() {
    if (executor != null) {
      executor.shutdown();
    }
  }
}
