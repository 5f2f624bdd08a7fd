// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/** The task ran longer than its timeout, and its worker was killed. */
public final class TaskTimeoutException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  private final Duration timeout;
  private final Duration runTime;
  private final String worker;
  private final long pid;

  /** Describes a timeout. */
  public TaskTimeoutException(
      String message,
      long taskId,
      boolean poolUsable,
      Duration timeout,
      Duration runTime,
      String worker,
      long pid) {
    super(message, taskId, Certainty.MAY_HAVE_RUN, poolUsable);
    this.timeout = timeout;
    this.runTime = runTime;
    this.worker = worker;
    this.pid = pid;
  }

  /** Returns the timeout that was set. */
  public Duration timeout() {
    return timeout;
  }

  /** Returns how long the task had been running when it was ended. */
  public Duration runTime() {
    return runTime;
  }

  /** Returns the name of the worker that was killed. */
  public String worker() {
    return worker;
  }

  /** Returns the process id of the worker that was killed. */
  public long pid() {
    return pid;
  }
}
