// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * A task had no outcome of its own: something outside it failed. Says which task, whether it may have run, and whether
 * the pool is usable.
 */
public abstract class InfrastructureException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What is known about the execution of the task. */
  public enum Certainty {
    /** No part of the task was run. */
    NEVER_STARTED,
    /** The task was started and may have had any part of its effects. */
    MAY_HAVE_RUN,
    /** The task ran to its end, but its value was lost. */
    RESULT_LOST
  }

  private final long taskId;
  private final Certainty certainty;
  private final boolean poolUsable;

  /**
   * Describes a failure.
   *
   * @param taskId the task's number, or -1 where there is none
   */
  protected InfrastructureException(
      String message, long taskId, Certainty certainty, boolean poolUsable) {
    super(message);
    this.taskId = taskId;
    this.certainty = certainty;
    this.poolUsable = poolUsable;
  }

  /** Returns the number of the task, or -1 where there is none. */
  public long taskId() {
    return taskId;
  }

  /** Returns what is known about the execution of the task. */
  public Certainty certainty() {
    return certainty;
  }

  /** Tells whether the pool accepted further tasks when this happened. */
  public boolean poolUsable() {
    return poolUsable;
  }
}
