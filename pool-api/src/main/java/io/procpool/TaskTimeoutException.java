// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/** The task ran longer than its run timeout, and its worker was killed. */
public final class TaskTimeoutException extends TaskAbortedException {
  private static final long serialVersionUID = 1;

  private final Duration timeout;

  /** Describes a timeout. */
  public TaskTimeoutException(
      String message, long taskId, boolean poolUsable, Duration timeout, TaskReport report) {
    super(message, taskId, Certainty.MAY_HAVE_RUN, poolUsable, report);
    this.timeout = timeout;
  }

  /** Returns the timeout that was set. */
  public Duration timeout() {
    return timeout;
  }
}
