// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** The task had begun and was not let end: its worker died, or the task was over one of its limits. {@link #report()} has the facts. */
public abstract class TaskAbortedException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  private final TaskReport report;

  /** Describes the end of a task. */
  protected TaskAbortedException(
      String message, long taskId, Certainty certainty, boolean poolUsable, TaskReport report) {
    super(message, taskId, certainty, poolUsable);
    this.report = report;
  }

  /** Returns the facts, which are also in the message. */
  public TaskReport report() {
    return report;
  }
}
