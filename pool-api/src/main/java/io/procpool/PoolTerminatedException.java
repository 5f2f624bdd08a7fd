// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** The pool was ended before the task completed. */
public final class PoolTerminatedException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  /** Describes the end of a pool. */
  public PoolTerminatedException(String message, long taskId, Certainty certainty) {
    super(message, taskId, certainty, false);
  }
}
