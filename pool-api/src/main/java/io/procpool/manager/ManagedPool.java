// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import io.procpool.Task;
import io.procpool.TaskFunction;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * A pool of worker processes of the server of a {@link Manager}, which all who have this share. It is a handle, as {@link ManagedMap} is; what that says of copies and
 * threads holds here. Two handles are equal if they stand for the same object.
 *
 * <p>Tasks are sent to the server and on to a worker; the server needs their classes. Who waits for a result holds no thread of the server. A task fails as one of an
 * {@link io.procpool.Pool} does. Results of a process that has gone are dropped, and what it has submitted and has not run is cancelled.
 */
public interface ManagedPool extends Serializable {
  /**
   * Runs a task and waits for its value. Throws what the task throws.
   *
   * @throws InterruptedException if the thread is interrupted; the task is cancelled
   */
  <T extends @Nullable Object> T apply(Task<T> task) throws InterruptedException;

  /**
   * Runs a function for each input and waits for the values, in the order of the inputs. Throws what the first task that fails throws.
   *
   * @throws InterruptedException if the thread is interrupted; the tasks are cancelled
   */
  <X extends @Nullable Object, R extends @Nullable Object> List<R> map(
      TaskFunction<X, R> function, Iterable<? extends X> inputs) throws InterruptedException;

  /**
   * Submits a task. Blocks until the server has it.
   *
   * @return its result, for this process
   * @throws java.util.concurrent.RejectedExecutionException if the pool is closed
   */
  <T extends @Nullable Object> Future<T> submit(Task<T> task);

  /** Refuses further tasks; those that were submitted go on, and then the workers end. Does not wait for them. */
  void close();
}
