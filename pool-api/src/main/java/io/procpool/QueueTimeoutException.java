// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/** The task had not begun within its queue timeout, and never will. */
public final class QueueTimeoutException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  private final Duration queueTimeout;
  private final Duration waited;

  /** Describes a task that has waited too long. */
  public QueueTimeoutException(
      String message, long taskId, boolean poolUsable, Duration queueTimeout, Duration waited) {
    super(message, taskId, Certainty.NEVER_STARTED, poolUsable);
    this.queueTimeout = queueTimeout;
    this.waited = waited;
  }

  /** Returns the timeout that was set. */
  public Duration queueTimeout() {
    return queueTimeout;
  }

  /** Returns how long the task had waited. */
  public Duration waited() {
    return waited;
  }
}
