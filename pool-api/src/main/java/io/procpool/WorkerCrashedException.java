// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** The worker process ended while it was running the task: any end counts, exit code 0 too. */
public final class WorkerCrashedException extends TaskAbortedException {
  private static final long serialVersionUID = 1;

  /** Why a worker ended. */
  public enum Reason {
    /** It called {@code System.exit} or {@code Runtime.halt}, or its JVM gave up. */
    EXIT,
    /** A signal ended it: SIGKILL from outside, a segmentation fault in native code, and so on. */
    SIGNAL,
    /** It ran out of memory. */
    OUT_OF_MEMORY,
    /** It broke the protocol and was killed by the master. */
    PROTOCOL
  }

  private final Reason reason;

  /** Describes a crash. */
  public WorkerCrashedException(
      String message,
      long taskId,
      Certainty certainty,
      boolean poolUsable,
      Reason reason,
      TaskReport report) {
    super(message, taskId, certainty, poolUsable, report);
    this.reason = reason;
  }

  /** Returns why the worker ended. */
  public Reason reason() {
    return reason;
  }
}
