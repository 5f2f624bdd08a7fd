// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.TaskContexts;
import java.time.Instant;
import java.util.Optional;

/**
 * What a running task can know of itself, and say: the same in every backend. A task finds its own with {@link #current()}, in the thread that
 * runs it, and may hand it to its other threads. Each input of a map has its own.
 *
 * <pre>{@code
 * for (int i = 0; i < pages; i++) {
 *   TaskContext.current().progress((double) i / pages, "page " + i);
 *   render(i);
 * }
 * }</pre>
 *
 * <p>Safe for use by multiple threads.
 */
public interface TaskContext {
  /**
   * Returns the context of the task that the calling thread runs.
   *
   * @throws IllegalStateException if it runs none: it is no thread of a pool, one that the task has started, or one that runs an initializer
   */
  static TaskContext current() {
    TaskContext context = TaskContexts.current();
    if (context == null) {
      throw new IllegalStateException(
          "thread \"" + Thread.currentThread().getName()
              + "\" runs no task of a pool; ask for the context in the task's own thread, and hand it to others, or ask isInTask() first");
    }
    return context;
  }

  /** Tells whether the calling thread runs a task of a pool, so that it has a {@link #current() context}. */
  static boolean isInTask() {
    return TaskContexts.current() != null;
  }

  /** Returns the number of the task, unique in its pool, as {@link AsyncResult#taskId()} and messages have it. */
  long taskId();

  /** Returns the name of the task, or the class of its function. */
  String name();

  /** Returns which attempt at the task this is: 1 for the first. */
  int attempt();

  /** Returns the name of the worker that runs the task, such as {@code worker-3}; {@code inline} in the calling thread. */
  String worker();

  /** Returns the name of the pool. */
  String pool();

  /** Returns when the {@linkplain TaskOptions#timeout run timeout} is over; nothing if there is none. A later change of the machine's date is not seen. */
  Optional<Instant> deadline();

  /**
   * Tells whether the pool wants this task to end: it was cancelled with an interrupt, is over a limit, or the pool is being ended. Stays true
   * when the task has cleared its thread's interrupt status.
   */
  boolean isCancelled();

  /** As {@link #progress(double, String)} without words. */
  void progress(double fraction);

  /**
   * Says how far the task is. Costs no message: in a worker process it is written into memory shared with the master. The last word
   * counts for {@link AsyncResult#progress()}, and each is a sign of life for {@link TaskOptions#stallTimeout}, even if it is the same as before.
   * After the end of the task it has no effect.
   *
   * @param fraction how much of the task is done, from 0 to 1
   * @param message what the task is at, for humans; what is above 256 bytes of UTF-8 is cut off
   * @throws IllegalArgumentException if the fraction is not from 0 to 1
   */
  void progress(double fraction, String message);
}
