// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** The task's worker used more memory than the task may, and was killed. */
public final class MemoryLimitException extends TaskAbortedException {
  private static final long serialVersionUID = 1;

  /** What was measured. */
  public enum Kind {
    /** The resident memory of the worker's process: {@link TaskOptions#maxRssBytes}. */
    RSS,
    /** What was in use of its heap after a garbage collection: {@link TaskOptions#maxHeapBytes}. */
    HEAP
  }

  private final Kind kind;
  private final long limitBytes;
  private final long seenBytes;

  /** Describes what was found. */
  public MemoryLimitException(
      String message,
      long taskId,
      boolean poolUsable,
      Kind kind,
      long limitBytes,
      long seenBytes,
      TaskReport report) {
    super(message, taskId, Certainty.MAY_HAVE_RUN, poolUsable, report);
    this.kind = kind;
    this.limitBytes = limitBytes;
    this.seenBytes = seenBytes;
  }

  /** Returns what was measured. */
  public Kind kind() {
    return kind;
  }

  /** Returns the limit that was set. */
  public long limitBytes() {
    return limitBytes;
  }

  /** Returns what was measured last, above the limit. */
  public long seenBytes() {
    return seenBytes;
  }
}
