// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/**
 * Is told of what happens in a pool. All methods are called one after the other, in the order of the events, in one thread
 * that belongs to the pool's listeners: a slow listener delays later events, which wait in memory, and no task. What a
 * listener throws is logged.
 */
public interface PoolListener {
  /** A worker, which may be a spare, listens for a debugger; its initializer has not begun. See {@link PoolOptions.Builder#debugWorkers}. */
  default void workerDebuggable(WorkerEvent worker, int port) {}

  /** A worker is ready for its first task. */
  default void workerStarted(WorkerEvent worker) {}

  /** A worker ended as planned: it was recycled or retired, or the pool was closed. */
  default void workerExited(WorkerEvent worker, int exitValue) {}

  /** A worker ended unasked, or was killed because of a timeout or a cancellation. */
  default void workerCrashed(WorkerEvent worker, int exitValue, String reason) {}

  /** The finalizer of a worker failed, or did not end within the grace period. Comes before {@link #workerExited} or {@link #workerCrashed}. */
  default void workerFinalizerFailed(WorkerEvent worker, String reason) {}

  /** A new worker is ready in the place of one that ended. */
  default void workerReplaced(WorkerEvent old, WorkerEvent replacement) {}

  /** A worker has begun a task. Inputs of a map that travel together count as one task. */
  default void taskStarted(TaskEvent task) {}

  /** A task ended with its value or its own exception. */
  default void taskFinished(TaskEvent task, boolean success, Duration runTime) {}

  /**
   * A task that a worker had begun ended with an infrastructure failure. {@link #taskFinished} is not told of it, even if
   * the task goes on in a thread that could not be killed. Of a task that never started only its result tells.
   */
  default void taskLost(TaskEvent task, InfrastructureException failure) {}

  /**
   * An attempt of a task has failed, and another one follows. {@link #taskLost} is told only of the last one.
   *
   * @param failure how the attempt failed
   * @param nextAttempt number of the attempt that follows, 2 or more
   * @param delay how long that waits
   */
  default void taskRetried(
      TaskEvent task, InfrastructureException failure, int nextAttempt, Duration delay) {}

  /**
   * A worker.
   *
   * @param pool name of the pool
   * @param worker name of the worker, such as {@code worker-3}; never used again in this pool
   * @param pid process id; of the master itself where the worker is a thread
   */
  record WorkerEvent(String pool, String worker, long pid) {}

  /**
   * A task in a worker.
   *
   * @param taskId the task's number
   * @param name the task's name, or the class of its function
   * @param worker where it runs
   */
  record TaskEvent(long taskId, String name, WorkerEvent worker) {}
}
