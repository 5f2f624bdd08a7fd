// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/**
 * The task ran longer than its run timeout: it was interrupted and has ended with the exception that is the cause of this one, or its worker
 * was killed.
 */
public final class TaskTimeoutException extends TaskAbortedException {
  private static final long serialVersionUID = 1;

  private final Duration timeout;
  private final LimitStage stage;

  /** Describes a timeout. */
  public TaskTimeoutException(
      String message,
      long taskId,
      boolean poolUsable,
      Duration timeout,
      LimitStage stage,
      TaskReport report) {
    super(message, taskId, Certainty.MAY_HAVE_RUN, poolUsable, report);
    this.timeout = timeout;
    this.stage = stage;
  }

  /** Returns the timeout that was set. */
  public Duration timeout() {
    return timeout;
  }

  /** Returns how the task ended. */
  public LimitStage stage() {
    return stage;
  }
}
