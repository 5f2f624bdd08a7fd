// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * The worker could not decode the task or its arguments, and never started it: mostly because a class is not on the
 * worker's class path. The cause is what decoding failed with.
 */
public final class UndecodableTaskException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  /** Describes a task that a worker cannot decode. */
  public UndecodableTaskException(String message, long taskId) {
    super(message, taskId, Certainty.NEVER_STARTED, true);
  }
}
