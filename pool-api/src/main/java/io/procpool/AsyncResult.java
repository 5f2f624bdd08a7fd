// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The result of a task that was accepted by a {@link Pool}, now or later. It always completes, exactly once: with the
 * task's value, with the task's own exception, with one {@link InfrastructureException}, or cancelled.
 *
 * <p>A value that came from another process is decoded in the thread that first asks for it, so a value that cannot be
 * decoded fails its own result and no other. Dependent stages ({@code thenApply} and so on) never run on an I/O thread:
 * they run in the pool's callback threads, or in the calling thread when the result is there already.
 *
 * <p>Safe for use by multiple threads.
 *
 * @param <T> type of the value
 */
public interface AsyncResult<T extends @Nullable Object> extends Future<T>, CompletionStage<T> {
  /** Returns the number of this task, unique in its pool, as it stands in messages and events. */
  long taskId();

  /**
   * Waits for the value. Blocks until the task has completed; interruption ends the wait and leaves the task alone.
   *
   * @throws ExecutionException if the task failed: its cause is the task's own exception, whose innermost cause is a
   *     {@link RemoteTrace}, or an {@link InfrastructureException}
   * @throws CancellationException if the task was cancelled
   */
  @Override
  T get() throws InterruptedException, ExecutionException;

  /**
   * Waits for the value, at most for the given time. The task goes on after a timeout.
   *
   * @throws TimeoutException if the time is over first
   */
  @Override
  T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException;

  /**
   * Waits until the task has completed in any way, at most for the given time; its value or failure is not touched.
   *
   * @return true if the task has completed
   */
  boolean await(Duration timeout) throws InterruptedException;

  /**
   * Tells whether the task completed with a value.
   *
   * @throws IllegalStateException if it has not completed yet
   */
  boolean successful();

  /**
   * Waits for the end of the task and returns what it failed with: the task's own exception, an
   * {@link InfrastructureException}, a {@link CancellationException}, or nothing if it has a value. Blocks until the task
   * has completed; interruption ends the wait and leaves the task alone.
   */
  Optional<Throwable> failure() throws InterruptedException;

  /**
   * Tells whether a worker is executing this task now. A task that only waits, in the master or in a worker, is not
   * running.
   */
  boolean isRunning();

  /**
   * Returns what the running task has last said with {@link TaskContext#progress(double, String)}; of a map, how many of its inputs are over. Empty as long as a
   * task has said nothing or has not begun, and when it has completed. Never blocks.
   */
  Optional<TaskProgress> progress();

  /**
   * Cancels the task. If it has not started it never will; if it is running, {@code mayInterruptIfRunning} interrupts
   * its thread and, when it does not end within {@link PoolOptions#gracePeriod()}, kills its worker process; without it
   * the task runs on and its value is dropped. A running task of the backends {@code threads} and {@code inline} can
   * only be interrupted.
   *
   * @return false if the task had already completed
   */
  @Override
  boolean cancel(boolean mayInterruptIfRunning);
}
