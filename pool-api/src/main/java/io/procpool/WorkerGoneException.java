// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** A task was meant for one worker only, which ended before it had begun it. Nothing of the task was run. */
public final class WorkerGoneException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  private final String worker;

  /** Describes the failure. */
  public WorkerGoneException(String message, long taskId, boolean poolUsable, String worker) {
    super(message, taskId, Certainty.NEVER_STARTED, poolUsable);
    this.worker = worker;
  }

  /** Returns the name of the worker. */
  public String worker() {
    return worker;
  }
}
