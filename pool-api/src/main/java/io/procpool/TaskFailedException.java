// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * The task threw a checked exception, which is the cause. Thrown by the methods that return a value directly;
 * {@link AsyncResult#get()} has the exception as the cause of its {@code ExecutionException} instead.
 */
public final class TaskFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Wraps what the task threw. */
  public TaskFailedException(Throwable cause) {
    super(cause.toString(), cause);
  }
}
