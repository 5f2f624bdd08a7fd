// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * No worker could be started: the task was never run. The reason of the last attempt is in the message; the cause is what
 * the initializer threw, if it did, or why a thread could not be started. The pool tries again with the next submission.
 */
public final class WorkerStartException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  private final int attempts;
  private final String stderrTail;

  /** Describes failed starts. */
  public WorkerStartException(
      String message, long taskId, boolean poolUsable, int attempts, String stderrTail) {
    super(message, taskId, Certainty.NEVER_STARTED, poolUsable);
    this.attempts = attempts;
    this.stderrTail = stderrTail;
  }

  /** Returns how many starts in a row failed. */
  public int attempts() {
    return attempts;
  }

  /** Returns the last of what the last worker wrote to standard error; empty if nothing. */
  public String stderrTail() {
    return stderrTail;
  }
}
