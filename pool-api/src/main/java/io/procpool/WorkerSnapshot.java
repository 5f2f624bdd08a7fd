// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Optional;

/**
 * What one worker is doing at the moment of a {@link PoolSnapshot}. Immutable; safe for use by multiple threads.
 *
 * @param name name of the worker, such as {@code worker-3}
 * @param pid its process id; of this process where the worker is a thread; -1 if its process is not known yet
 * @param state what it is at
 * @param inState since when it is in that state
 * @param age since when there is the worker
 * @param endedTasks how many tasks it has ended
 * @param waitingTasks how many tasks wait inside it, behind the one that runs
 * @param task the task that runs; empty if none does
 * @param rssBytes resident memory of its process; -1 if that is not known, or the worker is a thread
 * @param heapBytes heap that it used when it last said so; -1 if that is not known
 * @param debugPort where it listens for a debugger, at 127.0.0.1; -1 if it does not (yet); see {@link PoolOptions.Builder#debugWorkers}
 */
public record WorkerSnapshot(
    String name,
    long pid,
    State state,
    Duration inState,
    Duration age,
    long endedTasks,
    long waitingTasks,
    Optional<CurrentTask> task,
    long rssBytes,
    long heapBytes,
    int debugPort) {
  /** The life of a worker. */
  public enum State {
    /** It has been spawned and is not ready. */
    STARTING,
    /** It has nothing to do. */
    READY,
    /** It has a task. */
    BUSY,
    /** It gets no further tasks. */
    DRAINING,
    /** Its process is gone, and what it leaves behind is being settled. */
    EXITED
  }

  /**
   * A task in a worker.
   *
   * @param taskId the task's number
   * @param input which input of its map it is, from 0; -1 if it is a task by itself
   * @param name the task's name, or the class of its function
   * @param attempt which attempt at it this is, 1 for the first
   * @param runTime how long it has been running; of a short task in a batch some milliseconds more may be told
   * @param progress what it has said of its progress; empty if nothing
   * @param priority its priority
   * @param submitter who has submitted it, if that was said
   * @param key its key, if it has one
   */
  public record CurrentTask(
      long taskId,
      long input,
      String name,
      int attempt,
      Duration runTime,
      Optional<TaskProgress> progress,
      int priority,
      Optional<String> submitter,
      Optional<String> key) {}
}
