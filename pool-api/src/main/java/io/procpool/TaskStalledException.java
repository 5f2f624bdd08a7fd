// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The task reported no progress within its stall timeout: it was interrupted and has ended with the exception that is the cause of this one, or
 * its worker was killed.
 */
public final class TaskStalledException extends TaskAbortedException {
  private static final long serialVersionUID = 1;

  private final Duration stallTimeout;
  private final Duration silence;
  private final @Nullable TaskProgress lastProgress;
  private final LimitStage stage;

  /**
   * Describes a stall.
   *
   * @param silence how long the task had said nothing when it was found
   * @param lastProgress what it had said last; null for nothing
   */
  public TaskStalledException(
      String message,
      long taskId,
      boolean poolUsable,
      Duration stallTimeout,
      Duration silence,
      @Nullable TaskProgress lastProgress,
      LimitStage stage,
      TaskReport report) {
    super(message, taskId, Certainty.MAY_HAVE_RUN, poolUsable, report);
    this.stallTimeout = stallTimeout;
    this.silence = silence;
    this.lastProgress = lastProgress;
    this.stage = stage;
  }

  /** Returns the timeout that was set. */
  public Duration stallTimeout() {
    return stallTimeout;
  }

  /** Returns how long the task had reported nothing when it was found: since its last report, or its start. */
  public Duration silence() {
    return silence;
  }

  /** Returns what the task reported last, if it ever did. */
  public Optional<TaskProgress> lastProgress() {
    return Optional.ofNullable(lastProgress);
  }

  /** Returns how the task ended. */
  public LimitStage stage() {
    return stage;
  }
}
